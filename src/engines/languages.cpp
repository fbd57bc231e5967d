#include "engines/languages.hpp"

#include <fmt/format.h>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/mysql/dialect.hpp"
#include "engines/mysql/statements.hpp"
#include "engines/postgres/dialect.hpp"
#include "engines/postgres/statements.hpp"
#include "engines/sqlite/dialect.hpp"
#include "engines/sqlite/statements.hpp"

namespace weir::engines {
namespace {

struct Alias {
  std::string_view name;
  const Language* language;
};

const std::vector<Alias>& aliases() {
  static const Language kPostgres{"postgres", postgres::dialect(), postgres::runs_in_transaction};
  static const Language kMysql{"mysql", mysql::dialect(), mysql::runs_in_transaction};
  static const Language kMariadb{"mariadb", mysql::mariadb_dialect(), mysql::runs_in_transaction};
  static const Language kSqlite{"sqlite", sqlite::dialect(), sqlite::runs_in_transaction};
  static const std::vector<Alias> kAliases = {
      {"postgres", &kPostgres}, {"postgresql", &kPostgres}, {"mysql", &kMysql},   {"mysql2", &kMysql},
      {"mariadb", &kMariadb},   {"sqlite", &kSqlite},       {"sqlite3", &kSqlite}};
  return kAliases;
}

const Language* find(std::string_view name) {
  for (const auto& alias : aliases()) {
    if (equals_icase(alias.name, name)) return alias.language;
  }
  return nullptr;
}

}  // namespace

const Language& language_of(std::string_view engine_name) {
  if (const Language* found = find(engine_name)) return *found;
  std::vector<std::string> names;
  for (const auto& alias : aliases()) names.emplace_back(alias.name);
  const auto near = nearest(engine_name, names);
  throw Error(Code::kUsage, fmt::format("unknown engine {}", shown_argument(engine_name)))
      .hint(near ? fmt::format("did you mean '{}'?", *near) : "known engines: postgres, mysql, mariadb, sqlite");
}

const Language& language_of(const db::Url& url) {
  if (const Language* found = find(url.scheme)) return *found;
  throw Error(Code::kConfig, fmt::format("unknown database scheme '{}:'", url.scheme))
      .hint("known schemes: postgres, postgresql, mysql, mariadb, sqlite");
}

}  // namespace weir::engines
