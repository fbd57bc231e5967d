#include "engines/postgres/physical_order.hpp"

#include <algorithm>

#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"

namespace weir::engines::postgres {
namespace {

constexpr int kHasTidRangeScan = 140000;
constexpr std::int64_t kGreatestPosition = 65535;  // an offset number has 16 bits

constexpr const char* kSize = R"sql(
SELECT pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint,
       CASE WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples::double precision / c.relpages ELSE 50 END::bigint
  FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1))sql";

}  // namespace

std::optional<db::PhysicalOrder> physical_order(Connection& connection, const sql::TableName& table) {
  if (PQserverVersion(connection.handle()) < kHasTidRangeScan) return std::nullopt;
  const auto size = connection.query(kSize, {sql::quote(dialect(), table)}).rows.at(0);
  return db::PhysicalOrder{"ctid", db::as_integer(size[0]),
                           static_cast<double>(std::max<std::int64_t>(1, db::as_integer(size[1]))), kGreatestPosition};
}

db::Value place_now(Connection& connection, const sql::TableName& table, const db::Value& place) {
  return connection
      .query("SELECT pg_catalog.currtid2($1::text, $2::pg_catalog.tid)", {sql::quote(dialect(), table), place})
      .rows.at(0)
      .at(0);
}

}  // namespace weir::engines::postgres
