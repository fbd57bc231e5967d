#include "engines/sqlite/catalogue.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::sqlite {
namespace {

constexpr const char* kSchema = "main";  // a temporary table of the same name must not come between
constexpr const char* kFindTable =
    "SELECT name, type, sql FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
constexpr const char* kColumns = "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid";
constexpr const char* kUniqueIndexes =
    "SELECT name, origin FROM pragma_index_list(?1) WHERE \"unique\" = 1 AND partial = 0 ORDER BY origin <> 'pk', seq";
constexpr const char* kIndexColumns = "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno";
constexpr const char* kWithoutRowid = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1";

// The name in `as_written`; a schema other than main is refused, because the ledger's transaction covers main only.
std::string table_name(std::string_view as_written) {
  std::vector<std::string> parts;
  sql::Scanner scanner(as_written, dialect());
  bool want_name = true;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_trivia()) continue;
    const bool word = token.kind == sql::TokenKind::kWord;
    const bool quoted = token.kind == sql::TokenKind::kQuotedIdentifier;
    if (want_name && word) {
      parts.emplace_back(token.text);
    } else if (want_name && quoted) {
      std::string name;
      const std::string_view inner = token.text.substr(1, token.text.size() - 2);
      for (std::size_t i = 0; i < inner.size(); ++i) {
        name += inner[i];
        if (inner[i] == token.text.front() && token.text.front() != '[') ++i;
      }
      parts.push_back(name);
    } else if (want_name || token.text != ".") {
      throw Error(Code::kInvalidFile, fmt::format("'{}' is not a table name", as_written));
    }
    want_name = !want_name;
  }
  if (parts.empty() || parts.size() > 2 || want_name) {
    throw Error(Code::kInvalidFile, fmt::format("'{}' is not a table name", as_written));
  }
  if (parts.size() == 2 && !equals_icase(parts[0], "main")) {
    throw Error(Code::kInvalidFile, fmt::format("'{}' is not in the main database", as_written))
        .hint("weir works on the file that the URL names, not on attached ones");
  }
  return parts.back();
}

std::string column_collation(Connection& connection, const std::string& table, const std::string& column) {
  const char* collation = nullptr;
  sqlite3_table_column_metadata(connection.handle(), nullptr, table.c_str(), column.c_str(), nullptr, &collation,
                                nullptr, nullptr, nullptr);
  return collation != nullptr ? collation : "BINARY";
}

// A type with the affinity of `type`, under which a value stays what it is in such a column. Not INTEGER: as a primary
// key that would be the rowid. ANY of a STRICT table converts nothing. Source:
// https://sqlite.org/datatype3.html#determination_of_column_affinity
std::string affinity_of(const std::string& type) {
  const std::string lower = to_lower(type);
  const auto has = [&](std::string_view part) { return lower.find(part) != std::string::npos; };
  if (lower.empty() || lower == "any") return "";
  if (has("int")) return "INT";
  if (has("char") || has("clob") || has("text")) return "TEXT";
  if (has("blob")) return "BLOB";
  if (has("real") || has("floa") || has("doub")) return "REAL";
  return "NUMERIC";
}

// Empty when the index cannot be paged by: it has an expression, or compares otherwise than its column.
std::vector<std::string> pageable_columns(Connection& connection, const std::string& table, const std::string& index) {
  std::vector<std::string> columns;
  for (const auto& row : connection.execute({kIndexColumns, {index}}).rows) {
    if (db::is_null(row[0])) return {};
    const std::string name = db::as_text(row[0]);
    if (!equals_icase(db::as_text(row[1]), column_collation(connection, table, name))) return {};
    columns.push_back(name);
  }
  return columns;
}

struct Columns {
  std::vector<db::Column> all;
  std::vector<std::string> primary_key;  // in key order
};

Columns read_columns(Connection& connection, const std::string& table) {
  Columns columns;
  std::vector<std::pair<std::int64_t, std::string>> primary;
  for (const auto& row : connection.execute({kColumns, {table}}).rows) {
    db::Column column{db::as_text(row[0]), db::as_text(row[1]), db::as_integer(row[2]) == 0};
    column.declaration = affinity_of(column.type);
    if (const auto collation = column_collation(connection, table, column.name); !equals_icase(collation, "BINARY"))
      column.declaration += " COLLATE " + dialect().quote(collation);
    column.generated = db::as_integer(row[4]) > 1;  // 1 is a hidden column of a virtual table
    columns.all.push_back(std::move(column));
    if (db::as_integer(row[3]) > 0) primary.emplace_back(db::as_integer(row[3]), db::as_text(row[0]));
  }
  std::sort(primary.begin(), primary.end());
  for (auto& [position, name] : primary) columns.primary_key.push_back(name);
  return columns;
}

void add_unique_keys(Connection& connection, const Columns& columns, db::TableInfo& table) {
  bool has_primary_index = false;
  for (const auto& row : connection.execute({kUniqueIndexes, {table.name.name}}).rows) {
    const bool primary = db::as_text(row[1]) == "pk";
    has_primary_index = has_primary_index || primary;
    auto key = pageable_columns(connection, table.name.name, db::as_text(row[0]));
    if (!key.empty()) table.unique_keys.push_back({db::as_text(row[0]), std::move(key), primary});
  }
  // INTEGER PRIMARY KEY is the rowid: it has no index of its own and is never NULL.
  if (columns.primary_key.size() == 1 && !has_primary_index) {
    table.unique_keys.insert(table.unique_keys.begin(), {"rowid", columns.primary_key, true});
    for (auto& column : table.columns) {
      if (column.name != columns.primary_key[0]) continue;
      column.nullable = false;
      column.integer = true;
    }
  }
  const auto wr = connection.execute({kWithoutRowid, {table.name.name}});
  if (wr.rows.empty() || db::as_integer(wr.rows[0][0]) == 0) return;
  for (auto& column : table.columns) {
    const auto& key = columns.primary_key;
    if (std::find(key.begin(), key.end(), column.name) != key.end()) column.nullable = false;
  }
}

}  // namespace

std::optional<sql::TableName> find_table(Connection& connection, std::string_view as_written) {
  const auto found = connection.execute({kFindTable, {table_name(as_written)}});
  if (found.rows.empty()) return std::nullopt;
  return sql::TableName{kSchema, db::as_text(found.rows[0][0])};
}

std::optional<db::TableInfo> describe_table(Connection& connection, std::string_view as_written) {
  const auto found = connection.execute({kFindTable, {table_name(as_written)}});
  if (found.rows.empty()) return std::nullopt;
  db::TableInfo table;
  table.name.schema = kSchema;
  table.name.name = db::as_text(found.rows[0][0]);
  const bool is_virtual = starts_with_icase(trim(db::as_text(found.rows[0][2])), "create virtual");
  table.kind = db::as_text(found.rows[0][1]) == "view" ? db::TableKind::kView
               : is_virtual                            ? db::TableKind::kOther
                                                       : db::TableKind::kTable;
  const Columns columns = read_columns(connection, table.name.name);
  table.columns = columns.all;
  if (table.kind == db::TableKind::kTable) add_unique_keys(connection, columns, table);
  return table;
}

}  // namespace weir::engines::sqlite
