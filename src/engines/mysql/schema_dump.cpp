#include "engines/mysql/schema_dump.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/mysql/connection.hpp"
#include "engines/mysql/dialect.hpp"
#include "engines/mysql/dump_text.hpp"

namespace weir::engines::mysql {
namespace {

constexpr const char* kPrologue = R"sql(SET NAMES utf8mb4;
SET FOREIGN_KEY_CHECKS = 0;)sql";

// One kind of object: how to list the names, and where SHOW CREATE puts its text and the sql_mode it needs.
struct Kind {
  const char* title;
  const char* list;
  const char* text_column;
};

constexpr Kind kSequences{"SEQUENCE",
                          "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND "
                          "table_type = 'SEQUENCE'",
                          "Create Table"};
constexpr Kind kTables{
    "TABLE",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type "
    "IN ('BASE TABLE', 'SYSTEM VERSIONED')",
    "Create Table"};
constexpr Kind kViews{"VIEW", "SELECT table_name FROM information_schema.views WHERE table_schema = database()",
                      "Create View"};
// With a body, and therefore with semicolons.
constexpr Kind kFunctions{"FUNCTION",
                          "SELECT routine_name FROM information_schema.routines WHERE routine_schema = database() AND "
                          "routine_type = 'FUNCTION'",
                          "Create Function"};
constexpr Kind kProcedures{"PROCEDURE",
                           "SELECT routine_name FROM information_schema.routines WHERE routine_schema = database() AND "
                           "routine_type = 'PROCEDURE'",
                           "Create Procedure"};
constexpr Kind kTriggers{"TRIGGER",
                         "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()",
                         "SQL Original Statement"};
constexpr Kind kEvents{"EVENT", "SELECT event_name FROM information_schema.events WHERE event_schema = database()",
                       "Create Event"};

// By their bytes, whatever the collation of the catalogue.
std::vector<std::string> names_of(Connection& connection, const Kind& kind) {
  std::vector<std::string> names;
  for (const auto& row : connection.execute_text(kind.list).rows) names.push_back(db::as_text(row.at(0)));
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> column(const db::Result& result, std::string_view name) {
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    if (equals_icase(result.columns[i], name) && !result.rows.empty() && !db::is_null(result.rows[0].at(i)))
      return db::as_text(result.rows[0][i]);
  }
  return std::nullopt;
}

struct Shown {
  std::string text;
  std::string sql_mode;
};

Shown show(Connection& connection, const Kind& kind, const std::string& name) {
  const auto result = connection.execute_text(fmt::format("SHOW CREATE {} {}", kind.title, dialect().quote(name)));
  const auto text = column(result, kind.text_column);
  if (!text) {
    throw Error(Code::kPrivilege, fmt::format("the text of {} {} is hidden from this user", to_lower(kind.title), name))
        .hint("GRANT SHOW_ROUTINE ON *.* (MySQL) or SELECT ON mysql.proc (MariaDB) to it, or dump as its definer");
  }
  return {without_definer(*text), column(result, "sql_mode").value_or("")};
}

std::string title_of(const Kind& kind, const std::string& name) { return fmt::format("{} {}", kind.title, name); }

bool is_ledger(const std::vector<sql::TableName>& ledger, const std::string& table) {
  return std::any_of(ledger.begin(), ledger.end(), [&](const auto& one) { return one.name == table; });
}

void add_tables(Connection& connection, const std::vector<sql::TableName>& ledger, db::SchemaDump& dump) {
  if (connection.server().mariadb) {
    for (const auto& name : names_of(connection, kSequences))
      dump.objects.push_back(
          {title_of(kSequences, name), without_counter(show(connection, kSequences, name).text) + ";"});
  }
  for (const auto& name : names_of(connection, kTables)) {
    if (!is_ledger(ledger, name))
      dump.objects.push_back({title_of(kTables, name), without_counter(show(connection, kTables, name).text) + ";"});
  }
}

// A view can be made only after those that it reads; among those that are ready the first by name.
void add_views(Connection& connection, db::SchemaDump& dump) {
  std::vector<std::pair<std::string, std::string>> waiting;
  for (const auto& name : names_of(connection, kViews)) waiting.emplace_back(name, show(connection, kViews, name).text);
  while (!waiting.empty()) {
    auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const auto& view) {
      return std::none_of(waiting.begin(), waiting.end(), [&](const auto& other) {
        return other.first != view.first && names_object(view.second, other.first);
      });
    });
    if (ready == waiting.end()) ready = waiting.begin();  // a name that is only a column's
    dump.objects.push_back({title_of(kViews, ready->first), ready->second + ";"});
    waiting.erase(ready);
  }
}

// The client takes a body for one statement only with another delimiter.
void add_bodies(Connection& connection, const Kind& kind, db::SchemaDump& dump) {
  for (const auto& name : names_of(connection, kind)) {
    const Shown shown = show(connection, kind, name);
    dump.objects.push_back({title_of(kind, name), fmt::format("SET sql_mode = '{}';\nDELIMITER ;;\n{} ;;\nDELIMITER ;",
                                                              shown.sql_mode, shown.text)});
  }
}

}  // namespace

db::SchemaDump dump_schema(Connection& connection, const std::vector<sql::TableName>& ledger) {
  db::SchemaDump dump;
  dump.prologue = kPrologue;
  add_tables(connection, ledger, dump);
  // Before the views that call them; the tables of a function's body are looked for when it runs.
  add_bodies(connection, kFunctions, dump);
  add_bodies(connection, kProcedures, dump);
  add_views(connection, dump);
  add_bodies(connection, kTriggers, dump);
  add_bodies(connection, kEvents, dump);
  return dump;
}

}  // namespace weir::engines::mysql
