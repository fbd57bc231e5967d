#include "engines/sqlite/schema_dump.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>

#include "base/text.hpp"
#include "engines/sqlite/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::sqlite {
namespace {

// In an order in which everything can be made and that does not depend on the order in which it was made: tables with
// their indexes (a foreign key may name a table that comes later), virtual tables, views (their text is resolved when
// they are used, not when they are made), triggers. What SQLite or a virtual table makes by itself is left out:
// sqlite_sequence, sqlite_stat1, automatic indexes (they have no text), shadow tables.
constexpr const char* kObjects = R"sql(
SELECT upper(s.type), s.name, s.tbl_name, s.sql
FROM sqlite_schema s
WHERE s.sql IS NOT NULL AND s.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND s.tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND s.tbl_name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
ORDER BY CASE s.type WHEN 'table' THEN CASE WHEN upper(ltrim(substr(s.sql, 8))) LIKE 'VIRTUAL%' THEN 1 ELSE 0 END
                     WHEN 'index' THEN 0 WHEN 'view' THEN 2 ELSE 3 END,
         CASE s.type WHEN 'view' THEN s.name ELSE s.tbl_name END, s.type = 'index', s.name
)sql";

// Settings that the file itself keeps and that programs read.
struct KeptPragma {
  const char* name;
  const char* usual;
};
constexpr KeptPragma kPragmas[] = {{"encoding", "UTF-8"}, {"application_id", "0"}, {"user_version", "0"}};

bool ends_in_line_comment(const std::string& sql) {
  sql::Scanner scanner(sql, dialect());
  bool comment = false;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next())
    comment = token.kind == sql::TokenKind::kLineComment || (comment && token.kind == sql::TokenKind::kBlank);
  return comment;
}

std::string one_line(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return name;
}

// The encoding must be set before the first table is made, and cannot be set in a transaction.
std::string prologue(Connection& connection) {
  std::string text;
  for (const auto& [name, usual] : kPragmas) {
    const auto value = db::as_text(connection.execute_text(fmt::format("PRAGMA {}", name)).rows.at(0).at(0));
    if (value == usual) continue;
    const bool number = parse_integer(value).has_value();
    text += fmt::format("PRAGMA {} = {};\n", name, number ? value : "'" + value + "'");
  }
  return text + "BEGIN;";
}

}  // namespace

db::SchemaDump dump_schema(Connection& connection, const std::vector<sql::TableName>& ledger) {
  const auto is_ledger = [&](const std::string& table) {
    return std::any_of(ledger.begin(), ledger.end(), [&](const auto& one) { return equals_icase(one.name, table); });
  };
  db::SchemaDump dump;
  dump.prologue = prologue(connection);
  for (const auto& row : connection.execute_text(kObjects).rows) {
    if (is_ledger(db::as_text(row[2]))) continue;
    const std::string sql(trim(db::as_text(row[3])));
    dump.objects.push_back({fmt::format("{} {}", db::as_text(row[0]), one_line(db::as_text(row[1]))),
                            sql + (ends_in_line_comment(sql) ? "\n;" : ";")});
  }
  dump.epilogue = "COMMIT;";
  return dump;
}

}  // namespace weir::engines::sqlite
