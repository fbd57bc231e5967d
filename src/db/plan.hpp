// How an engine would execute a statement, as its EXPLAIN tells.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "db/value.hpp"
#include "sql/identifier.hpp"
#include "sql/template.hpp"

namespace weir::db {

// A statement to be explained with these values. Refers to what the caller keeps.
struct PlanRequest {
  const sql::Template& statement;
  const std::map<std::string, std::string>& fragments;  // as in BatchSource
  const Bindings& bindings;
  const sql::TableName& table;  // the one that must not be read as a whole
};

struct Plan {
  std::vector<std::string> lines;  // for people, in the engine's own words; no value stands in them
  bool scans_table = false;        // it would read all rows of PlanRequest::table, or all entries of one of its indexes
};

}  // namespace weir::db
