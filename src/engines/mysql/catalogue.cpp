#include "engines/mysql/catalogue.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/mysql/connection.hpp"
#include "engines/mysql/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::mysql {
namespace {

constexpr const char* kTableName = R"sql(
SELECT table_schema AS table_schema, table_name AS table_name FROM information_schema.tables
WHERE table_schema = coalesce(?, database()) AND table_name = ?
)sql";

constexpr const char* kTable = R"sql(
SELECT table_schema AS table_schema, table_name AS table_name, table_type AS table_type, table_rows AS table_rows,
       (SELECT e.transactions FROM information_schema.engines e WHERE e.engine = t.engine) AS transactions
FROM information_schema.tables t
WHERE table_schema = coalesce(?, database()) AND table_name = ?
)sql";

constexpr const char* kColumns = R"sql(
SELECT column_name AS column_name, column_type AS column_type, is_nullable AS is_nullable, data_type AS data_type,
       extra AS extra, character_set_name AS character_set_name, collation_name AS collation_name
FROM information_schema.columns
WHERE table_schema = ? AND table_name = ?
ORDER BY ordinal_position
)sql";

// SELECT *, because the columns of the view differ between servers and versions: `is_visible` and `expression` (MySQL),
// `ignored` (MariaDB).
constexpr const char* kIndexes = R"sql(
SELECT * FROM information_schema.statistics
WHERE table_schema = ? AND table_name = ? AND non_unique = 0
ORDER BY index_name, seq_in_index
)sql";

// A column as the server describes it.
struct ColumnFacts {
  db::Column column;
  std::string data_type;
};

// The bytes of a result, whatever the server calls them.
std::string text_of(const db::Value& value) { return db::as_text(value); }

// Of a kind that fits 64 bits with a sign.
bool is_integer(const ColumnFacts& facts) {
  constexpr std::array<std::string_view, 5> kIntegers{"tinyint", "smallint", "mediumint", "int", "bigint"};
  const bool integer = std::find(kIntegers.begin(), kIntegers.end(), facts.data_type) != kIntegers.end();
  return integer && (facts.data_type != "bigint" || facts.column.type.find("unsigned") == std::string::npos);
}

// A bound value is text or an integer; where the server would compare a column of this type with it as floating point
// numbers, or as texts, the value has to become the column's type first.
// Source: MySQL manual, "Type Conversion in Expression Evaluation".
std::string comparand_of(const ColumnFacts& facts) {
  const std::string& type = facts.data_type;
  if (type == "decimal")
    return fmt::format("CAST({{}} AS {})", facts.column.type.substr(0, facts.column.type.find(')') + 1));
  if (type == "bigint" && facts.column.type.find("unsigned") != std::string::npos) return "CAST({} AS unsigned)";
  return "";
}

// `>` and ORDER BY must agree about a column of a key: an ENUM or SET sorts by number and compares as text; a FLOAT is
// not equal to the text it shows; a TIMESTAMP shows two instants alike when clocks are put back.
bool can_be_walked(const ColumnFacts& facts, const Server& server) {
  constexpr std::array<std::string_view, 5> kNever{"enum", "set", "float", "bit", "json"};
  if (facts.data_type == "timestamp") return server.fixed_time_zone();
  return std::find(kNever.begin(), kNever.end(), facts.data_type) == kNever.end();
}

// MySQL's json is of a character set that cannot be named.
std::string declaration_of(const ColumnFacts& facts, const db::Value& character_set, const db::Value& collation) {
  if (db::is_null(character_set) || db::is_null(collation) || facts.data_type == "json") return facts.column.type;
  return fmt::format("{} CHARACTER SET {} COLLATE {}", facts.column.type, text_of(character_set), text_of(collation));
}

// "STORED GENERATED", "VIRTUAL GENERATED"; not DEFAULT_GENERATED, which is an ordinary default.
bool is_generated(const std::string& extra) {
  const std::string lower = to_lower(extra);
  return lower.find("stored generated") != std::string::npos || lower.find("virtual generated") != std::string::npos;
}

struct Index {
  db::UniqueKey key;
  bool usable = true;
  bool never_null = true;
};

// Reads a row by the names of its columns, which MySQL 8 spells in capitals.
class NamedRow {
 public:
  NamedRow(const db::Result& result, const db::Row& row) : result_(result), row_(row) {}
  std::optional<std::string> get(std::string_view name) const {
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (!equals_icase(result_.columns[i], name)) continue;
      return db::is_null(row_[i]) ? std::nullopt : std::optional(text_of(row_[i]));
    }
    return std::nullopt;
  }

 private:
  const db::Result& result_;
  const db::Row& row_;
};

// A part over a prefix of the column, an expression or a descending order cannot be walked; an index that the optimizer
// does not see would make every batch read the whole table.
bool is_plain(const NamedRow& part) {
  return part.get("column_name") && !part.get("sub_part") && part.get("index_type").value_or("") == "BTREE" &&
         part.get("collation").value_or("A") == "A" && part.get("is_visible").value_or("YES") == "YES" &&
         part.get("ignored").value_or("NO") == "NO";
}

std::vector<db::UniqueKey> unique_keys(Connection& connection, const sql::TableName& name,
                                       const std::vector<ColumnFacts>& columns) {
  const db::Result found = connection.query(kIndexes, {name.schema, name.name});
  std::vector<Index> indexes;
  for (const auto& row : found.rows) {
    const NamedRow part(found, row);
    const std::string index_name = part.get("index_name").value_or("");
    if (indexes.empty() || indexes.back().key.name != index_name) {
      indexes.push_back({{index_name, {}, index_name == "PRIMARY"}});
    }
    Index& index = indexes.back();
    const std::string column = part.get("column_name").value_or("");
    const auto facts =
        std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.column.name == column; });
    index.usable =
        index.usable && is_plain(part) && facts != columns.end() && can_be_walked(*facts, connection.server());
    index.never_null = index.never_null && facts != columns.end() && !facts->column.nullable;
    index.key.columns.push_back(column);
  }
  std::erase_if(indexes, [](const Index& index) { return !index.usable; });
  // The best key first: the primary key, then keys without NULLs, then the shortest.
  std::stable_sort(indexes.begin(), indexes.end(), [](const Index& a, const Index& b) {
    return std::tuple(!a.key.primary, !a.never_null, a.key.columns.size()) <
           std::tuple(!b.key.primary, !b.never_null, b.key.columns.size());
  });
  std::vector<db::UniqueKey> keys;
  for (auto& index : indexes) keys.push_back(std::move(index.key));
  return keys;
}

// One part of a name, without its backticks.
std::string bare(const sql::Token& token) {
  if (token.kind == sql::TokenKind::kWord) return std::string(token.text);
  std::string name;
  const std::string_view inner = token.text.substr(1, token.text.size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    name += inner[i];
    if (inner[i] == '`') ++i;
  }
  return name;
}

Error not_a_name(std::string_view as_written) {
  return Error(Code::kInvalidFile, fmt::format("'{}' is not a table name", as_written))
      .hint("write table or database.table; put backticks around names with other signs than letters, digits, _ and $");
}

db::TableKind table_kind(const std::string& type) {
  if (type == "BASE TABLE") return db::TableKind::kTable;
  return type.find("VIEW") != std::string::npos ? db::TableKind::kView : db::TableKind::kOther;
}

}  // namespace

sql::TableName parse_table_name(std::string_view as_written) {
  std::vector<std::string> parts;
  bool wants_name = true;
  sql::Scanner scanner(as_written, dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.kind == sql::TokenKind::kBlank) continue;
    const bool is_name = token.kind == sql::TokenKind::kWord || token.kind == sql::TokenKind::kQuotedIdentifier;
    if (is_name != wants_name || (!is_name && token.text != ".")) throw not_a_name(as_written);
    if (is_name) parts.push_back(bare(token));
    wants_name = !is_name;
  }
  const bool broken = scanner.problem() != sql::ScanProblem::kNone || wants_name;
  if (broken || parts.empty() || parts.size() > 2) throw not_a_name(as_written);
  return parts.size() == 2 ? sql::TableName{parts[0], parts[1]} : sql::TableName{"", parts[0]};
}

std::optional<sql::TableName> find_table(Connection& connection, std::string_view as_written) {
  const sql::TableName wanted = parse_table_name(as_written);
  const db::Value schema = wanted.schema.empty() ? db::Value() : db::Value(wanted.schema);
  const db::Result found = connection.query(kTableName, {schema, wanted.name});
  if (found.rows.empty()) return std::nullopt;
  return sql::TableName{text_of(found.rows[0][0]), text_of(found.rows[0][1])};
}

std::optional<db::TableInfo> describe_table(Connection& connection, std::string_view as_written) {
  const sql::TableName wanted = parse_table_name(as_written);
  const db::Value schema = wanted.schema.empty() ? db::Value() : db::Value(wanted.schema);
  const db::Result found = connection.query(kTable, {schema, wanted.name});
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows[0];
  db::TableInfo table;
  table.name = {text_of(row[0]), text_of(row[1])};
  table.kind = table_kind(text_of(row[2]));
  std::vector<ColumnFacts> columns;
  for (const auto& column : connection.query(kColumns, {table.name.schema, table.name.name}).rows) {
    ColumnFacts facts{{text_of(column[0]), text_of(column[1]), text_of(column[2]) == "YES"},
                      to_lower(text_of(column[3]))};
    facts.column.integer = is_integer(facts);
    facts.column.comparand = comparand_of(facts);
    facts.column.declaration = declaration_of(facts, column[5], column[6]);
    facts.column.generated = is_generated(text_of(column[4]));
    table.columns.push_back(facts.column);
    columns.push_back(std::move(facts));
  }
  if (table.kind != db::TableKind::kTable) return table;
  table.transactional = text_of(row[4]) == "YES";
  table.unique_keys = unique_keys(connection, table.name, columns);
  if (!db::is_null(row[3])) table.row_estimate = parse_integer(text_of(row[3])).value_or(-1);
  return table;
}

}  // namespace weir::engines::mysql
