#include "cli/context.hpp"

#include <cstdio>

#include "api/open.hpp"

namespace weir::cli {

std::unique_ptr<db::Database> Context::open_database() const { return api::open_database(config); }

std::unique_ptr<db::Database> Context::open_existing_database() const {
  auto database = open_database();
  api::refuse_missing(*database, config);
  return database;
}

void Context::print(const std::string& text) const {
  if (silent) return;
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace weir::cli
