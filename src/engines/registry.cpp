#include "engines/registry.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/mysql/database.hpp"
#include "engines/postgres/database.hpp"
#include "engines/sqlite/database.hpp"

namespace weir::engines {

std::unique_ptr<db::Database> open_database(const db::Url& url, std::string_view base_directory) {
  if (url.scheme == "sqlite" || url.scheme == "sqlite3") return sqlite::make_database(url, base_directory);
  if (url.scheme == "postgres" || url.scheme == "postgresql") return postgres::make_database(url);
  if (url.scheme == "mysql" || url.scheme == "mysql2" || url.scheme == "mariadb") return mysql::make_database(url);
  const auto near = nearest(url.scheme, {"sqlite", "postgres", "postgresql", "mysql", "mariadb"});
  throw Error(Code::kConfig, fmt::format("unknown database scheme '{}:'", url.scheme))
      .hint(near ? fmt::format("did you mean '{}:'?", *near) : "known schemes: postgres, mysql, mariadb, sqlite");
}

}  // namespace weir::engines
