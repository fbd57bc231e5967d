#include "cli/context.hpp"

#include <cstdio>
#include <fmt/format.h>

#include "base/error.hpp"
#include "engines/registry.hpp"

namespace weir::cli {

std::unique_ptr<db::Database> Context::open_database() const {
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

std::unique_ptr<db::Database> Context::open_existing_database() const {
  auto database = open_database();
  if (!database->exists()) {
    throw Error(Code::kNotFound, fmt::format("there is no database {}", database->display_url()))
        .hint(fmt::format("check the URL from {}; `weir migrate` makes a new database", config.url_source));
  }
  return database;
}

void Context::print(const std::string& text) const {
  if (silent) return;
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace weir::cli
