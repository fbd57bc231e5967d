// A row program: C++ that computes the new values of rows. A data migration with `migrate:each program:registered` is
// executed with one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/value.hpp"
#include "project/migration.hpp"

namespace weir::backfill {

// Computes new values of rows outside any transaction; called from several threads at once.
// A row's answer depends on that row alone: rows are computed again, in other company, when they changed meanwhile or
// when one of them fails. Only if that happens twice in a row they are locked while they are computed, so a program
// must not write to the table itself. What it throws is an error of a row; its text is shown and kept in the ledger.
class RowProgram {
 public:
  virtual ~RowProgram() = default;
  // `rows`: the values of `read`, in its order. Answers in the order of the rows: the values of `write`, or nothing to
  // leave the row as it is.
  virtual std::vector<std::optional<db::Row>> compute(const std::vector<db::Row>& rows) = 0;
};

// The programs of a process, by the name of their migration.
using RowPrograms = std::map<std::string, RowProgram*, std::less<>>;

// Null when there is none, also without `programs`.
RowProgram* find_program(const RowPrograms* programs, const project::Migration& migration);
// Whether a process that has `program` (or null) can compute what the migration changes.
bool can_compute(const project::Migration& migration, const RowProgram* program);
// Errors: kUsage when it cannot.
void refuse_without_program(const project::Migration& migration, const RowProgram* program);

}  // namespace weir::backfill
