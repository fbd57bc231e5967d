#include "engines/postgres/catalogue.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "engines/postgres/connection.hpp"

namespace weir::engines::postgres {
namespace {

constexpr const char* kTable = R"sql(
SELECT CAST(c.oid AS bigint), n.nspname, c.relname, c.relkind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1)
)sql";

constexpr const char* kColumns = R"sql(
SELECT a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 0 ELSE 1 END,
       CASE WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 1 ELSE 0 END,
       CASE WHEN a.attgenerated <> '' OR a.attidentity = 'a' THEN 1 ELSE 0 END,
       (SELECT format(' COLLATE %I.%I', n.nspname, co.collname)
        FROM pg_type t, pg_collation co JOIN pg_namespace n ON n.oid = co.collnamespace
        WHERE t.oid = a.atttypid AND co.oid = a.attcollation AND a.attcollation <> t.typcollation)
FROM pg_attribute a
WHERE a.attrelid = CAST(CAST($1 AS bigint) AS oid) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
)sql";

// One row per key column, the best key first: the primary key, then keys without NULLs, then the shortest.
// A key of mixed directions (a ASC, b DESC) is left out: no index scan serves `(a, b) > (x, y)` on it.
// `visible`: an operator is found by name, so `key > :cursor` means the index's own only where search_path leads to it.
// Otherwise a type that turns into another by itself (citext into text) is compared in an order that is not the
// index's, and rows would be passed over in silence.
constexpr const char* kUniqueKeys = R"sql(
WITH key AS (
  SELECT i.indexrelid, i.indrelid, i.indisprimary, i.indnkeyatts, k.position, a.attname, a.attnotnull,
         i.indcollation[k.position - 1] = a.attcollation AND opc.opcdefault AS plain,
         i.indoption[k.position - 1] & 1 AS direction,
         (SELECT bool_and(pg_operator_is_visible(amop.amopopr)) FROM pg_amop amop
          WHERE amop.amopfamily = opc.opcfamily AND amop.amoppurpose = 's'
            AND amop.amoplefttype = opc.opcintype AND amop.amoprighttype = opc.opcintype) AS visible,
         format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am am ON am.oid = c.relam AND am.amname = 'btree'
  CROSS JOIN LATERAL generate_series(1, CAST(i.indnkeyatts AS integer)) AS k(position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.position - 1]
  JOIN pg_opclass opc ON opc.oid = i.indclass[k.position - 1]
  WHERE i.indrelid = CAST(CAST($1 AS bigint) AS oid)
    AND i.indisunique AND i.indisvalid AND i.indisready AND i.indimmediate
    AND i.indpred IS NULL AND i.indexprs IS NULL
), usable AS (
  SELECT indexrelid, bool_and(attnotnull) AS never_null, bool_and(visible) AS visible
  FROM key GROUP BY indexrelid, indnkeyatts
  HAVING count(*) = indnkeyatts AND bool_and(plain) AND min(direction) = max(direction)
)
SELECT c.relname, CASE WHEN key.indisprimary THEN 1 ELSE 0 END, key.attname,
       CASE WHEN usable.visible THEN 1 ELSE 0 END, CASE WHEN NOT key.visible THEN key.type END
FROM usable JOIN key USING (indexrelid) JOIN pg_class c ON c.oid = key.indexrelid
ORDER BY key.indisprimary DESC, usable.never_null DESC, key.indnkeyatts, c.relname, key.position
)sql";

// Rows per page when the table was last vacuumed or analysed, times its pages now; as the planner does it. An empty
// file is known to hold no rows. NULL when one leaf was never counted: a guess must not make a large table look small.
constexpr const char* kRowEstimate = R"sql(
WITH leaf AS (
  SELECT c.reltuples, c.relpages, pg_relation_size(c.oid) / CAST(current_setting('block_size') AS bigint) AS pages
  FROM pg_class c
  WHERE c.relkind = 'r' AND (c.oid = CAST(CAST($1 AS bigint) AS oid)
     OR c.oid IN (SELECT relid FROM pg_partition_tree(CAST(CAST($1 AS bigint) AS oid)) WHERE isleaf))
), counted AS (
  SELECT CASE WHEN pages = 0 THEN 0
              WHEN reltuples >= 0 AND relpages > 0 THEN CAST(reltuples AS double precision) / relpages * pages
         END AS rows
  FROM leaf
)
SELECT CASE WHEN count(*) = count(rows) THEN CAST(coalesce(sum(rows), 0) AS bigint) ELSE -1 END FROM counted
)sql";

db::TableKind kind_of(const std::string& relkind) {
  if (relkind == "r" || relkind == "p") return db::TableKind::kTable;
  return relkind == "v" || relkind == "m" ? db::TableKind::kView : db::TableKind::kOther;
}

db::Result look_up(Connection& connection, std::string_view as_written) {
  try {
    return connection.query(kTable, {std::string(as_written)});
  } catch (const Error& error) {
    // An invalid name, too many parts, or a name that leads to another database.
    if (!error.facts().sqlstate.starts_with("42") && error.facts().sqlstate != "0A000") throw;
    throw Error(Code::kInvalidFile, fmt::format("'{}' is not a table name: {}", as_written, error.message()))
        .hint("write table or schema.table; put double quotes around names with capitals or other signs");
  }
}

Error hidden_operators(const std::string& column, const std::string& type) {
  return Error(Code::kNoUniqueKey,
               fmt::format("key column {} cannot be walked: the operators of its type {} are not in search_path",
                           column, type))
      .hint(
          "add the schema of the type to search_path: `?search_path=public,<schema>` in the URL, or ALTER ROLE ... SET "
          "search_path");
}

// Errors: kNoUniqueKey when keys exist and all of them have operators outside search_path.
std::vector<db::UniqueKey> unique_keys(Connection& connection, const db::Value& oid) {
  std::vector<db::UniqueKey> keys;
  std::optional<Error> hidden;
  for (const auto& row : connection.query(kUniqueKeys, {oid}).rows) {
    if (db::as_integer(row[3]) == 0) {
      if (!hidden && !db::is_null(row[4])) hidden = hidden_operators(db::as_text(row[2]), db::as_text(row[4]));
      continue;
    }
    const auto name = db::as_text(row[0]);
    if (keys.empty() || keys.back().name != name) keys.push_back({name, {}, db::as_integer(row[1]) == 1});
    keys.back().columns.push_back(db::as_text(row[2]));
  }
  if (keys.empty() && hidden) throw *hidden;
  return keys;
}

}  // namespace

std::optional<sql::TableName> find_table(Connection& connection, std::string_view as_written) {
  const db::Result found = look_up(connection, as_written);
  if (found.rows.empty()) return std::nullopt;
  return sql::TableName{db::as_text(found.rows[0][1]), db::as_text(found.rows[0][2])};
}

std::optional<db::TableInfo> describe_table(Connection& connection, std::string_view as_written) {
  const db::Result found = look_up(connection, as_written);
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows[0];
  const db::Value& oid = row[0];
  db::TableInfo table;
  table.name = {db::as_text(row[1]), db::as_text(row[2])};
  table.kind = kind_of(db::as_text(row[3]));
  for (const auto& column : connection.query(kColumns, {oid}).rows) {
    table.columns.push_back({.name = db::as_text(column[0]),
                             .type = db::as_text(column[1]),
                             .nullable = db::as_integer(column[2]) == 1,
                             .integer = db::as_integer(column[3]) == 1,
                             .declaration = db::as_text(column[1]) + db::as_text(column[5]),
                             .generated = db::as_integer(column[4]) == 1});
  }
  if (table.kind != db::TableKind::kTable) return table;
  table.unique_keys = unique_keys(connection, oid);
  table.row_estimate = db::as_integer(connection.query(kRowEstimate, {oid}).rows.at(0).at(0));
  return table;
}

}  // namespace weir::engines::postgres
