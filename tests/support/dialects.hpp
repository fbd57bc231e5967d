// The dialects of the engines, for tests of the layers below them.
#pragma once

#include <string>

#include "db/url.hpp"
#include "engines/registry.hpp"

namespace weir::test {

// No connection is opened: dialects are data.
inline const sql::Dialect& postgres() {
  static const auto database = engines::open_database(db::parse_url("postgres://localhost/none"), "/");
  return database->dialect();
}
inline const sql::Dialect& sqlite() {
  static const auto database = engines::open_database(db::parse_url("sqlite:none.db"), "/");
  return database->dialect();
}

}  // namespace weir::test
