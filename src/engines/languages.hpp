// What is known about an engine's SQL without a connection: for commands that only read files.
#pragma once

#include <string_view>

#include "db/url.hpp"
#include "sql/dialect.hpp"

namespace weir::engines {

struct Language {
  std::string_view name;  // for people and JSON
  const sql::Dialect& dialect;
  // False for what the engine refuses, or commits by itself, inside a transaction.
  bool (*runs_in_transaction)(std::string_view statement);
};

// Errors: kUsage for an unknown name, with the nearest known one.
const Language& language_of(std::string_view engine_name);

// Errors: kConfig for an unknown scheme.
const Language& language_of(const db::Url& url);

}  // namespace weir::engines
