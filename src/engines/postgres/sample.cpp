#include "engines/postgres/sample.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"

namespace weir::engines::postgres {
namespace {

constexpr double kPages = 500;  // what is read of a table of any size

// Nothing for a table with children: what share of them to read is not known.
constexpr const char* kSize = R"sql(
SELECT pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::bigint FROM pg_catalog.pg_class c
 WHERE c.oid = pg_catalog.to_regclass($1) AND c.relkind = 'r' AND NOT c.relhassubclass)sql";

// Every n-th of the rows that were found, so that `count` + 1 parts remain.
constexpr const char* kSample = R"sql(
SELECT {0} FROM (SELECT {0}, row_number() OVER (ORDER BY {0}) AS weir_row, count(*) OVER () AS weir_rows
                   FROM {1} TABLESAMPLE SYSTEM ({2:.6f})) weir_sample
 WHERE weir_rows > {3} AND weir_row % (weir_rows / ({3} + 1)) = 0
 ORDER BY weir_row LIMIT {3})sql";

}  // namespace

std::vector<db::Row> sample_keys(Connection& connection, const sql::TableName& table,
                                 const std::vector<std::string>& key, std::int64_t count) {
  const std::string name = sql::quote(dialect(), table);
  const auto size = connection.query(kSize, {name});
  if (size.rows.empty()) return {};
  const auto pages = static_cast<double>(db::as_integer(size.rows[0][0]));
  std::vector<std::string> columns;
  for (const auto& column : key) columns.push_back(dialect().quote(column));
  const double percent = pages <= kPages ? 100 : 100 * kPages / pages;
  return connection.query(fmt::format(kSample, fmt::join(columns, ", "), name, percent, count)).rows;
}

}  // namespace weir::engines::postgres
