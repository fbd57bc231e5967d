#include "api/open.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "engines/registry.hpp"

namespace weir::api {

std::unique_ptr<db::Database> open_database(const project::Config& config) {
  if (!config.url) {
    throw Error(Code::kConfig, "no database is named")
        .hint(
            "set DATABASE_URL (or write it to .env), `url` in weir.toml, or give --url; e.g. sqlite:app.db or "
            "postgres://user@host/database");
  }
  try {
    return engines::open_database(db::parse_url(*config.url), config.root.string());
  } catch (Error& error) {
    throw std::move(error).context("the URL from " + config.url_source);
  }
}

void refuse_missing(const db::Database& database, const project::Config& config) {
  if (database.exists()) return;
  throw Error(Code::kNotFound, fmt::format("there is no database {}", database.display_url()))
      .hint(fmt::format("check the URL from {}; `weir migrate` makes a new database", config.url_source));
}

}  // namespace weir::api
