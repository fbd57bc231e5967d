#include "engines/registry.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/postgres/database.hpp"
#include "engines/sqlite/database.hpp"

namespace weir::engines {

std::unique_ptr<db::Database> open_database(const db::Url& url, std::string_view base_directory) {
  if (url.scheme == "sqlite" || url.scheme == "sqlite3") return sqlite::make_database(url, base_directory);
  if (url.scheme == "postgres" || url.scheme == "postgresql") return postgres::make_database(url);
  if (url.scheme == "mysql" || url.scheme == "mariadb") {
    throw Error(Code::kNotAvailable, "MySQL and MariaDB are not available yet")
        .hint("this version knows postgres:// and sqlite:");
  }
  const auto near = nearest(url.scheme, {"sqlite", "postgres", "postgresql"});
  throw Error(Code::kConfig, fmt::format("unknown database scheme '{}:'", url.scheme))
      .hint(near ? fmt::format("did you mean '{}:'?", *near) : "known schemes: postgres, postgresql, sqlite");
}

}  // namespace weir::engines
