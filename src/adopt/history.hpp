// What another tool's history table says is applied.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adopt/tool.hpp"
#include "project/version.hpp"
#include "sql/identifier.hpp"

namespace weir::adopt {

struct AppliedRow {
  project::Version version;
  std::string name;      // empty where the table keeps none
  std::string checksum;  // in the tool's own form; sqlx's as bytes; empty: the table keeps none
};

// Something that a person has to know, or to decide.
struct Problem {
  std::string kind;  // "unfinished", "edited"
  project::Version version;
  std::string message;
  std::string hint;
};

struct History {
  sql::TableName table;
  std::vector<AppliedRow> applied;        // by version, each once
  std::vector<AppliedRow> repeatables;    // as they were applied last; without version
  std::optional<project::Version> up_to;  // everything up to it counts as applied, with or without a row
  std::optional<Problem> unfinished;      // the tool began a migration and did not come to its end
};

// Nothing when the table is not there. Reads only.
std::optional<History> read_history(Tool tool, db::Connection& connection, const sql::Dialect& dialect);

}  // namespace weir::adopt
