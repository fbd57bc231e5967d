// Is the data ready? Residual and verification, measured on the data itself.
#pragma once

#include <cstdint>
#include <optional>

#include "backfill/program.hpp"

namespace weir::backfill {

// Rows that still match `where`; 0 when the migration has none. Reads the whole table unless an index serves the
// condition.
std::int64_t measure_residual(const db::Database& database, db::Connection& connection, const Program& program);

// Rows that the migration will change, for progress only: what the planner expects when these are many, else counted if
// that takes no longer than `limit`, else what the catalogue estimates for the table.
std::optional<std::int64_t> estimate_rows(const db::Database& database, db::Connection& connection,
                                          const Program& program, Milliseconds limit);

// What `migrate:verify` counts; nothing when the migration has no such section. Errors: kInvalidFile when the query
// does not return one integer; what the engine says, at its place in the file.
std::optional<std::int64_t> count_violations(db::Connection& connection, const project::Migration& migration);

}  // namespace weir::backfill
