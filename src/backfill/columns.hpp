// Columns that a file names, as the catalogue knows them.
#pragma once

#include "backfill/program.hpp"

namespace weir::backfill {

// Errors: kInvalidFile, at the place where it is named, when the table has no such column.
db::Column find_column(const db::TableInfo& table, const project::Reference& wanted);
// One that a program whose `key` is set may write: a row must still be found by its key, and what the engine computes
// cannot be set. Errors: kInvalidFile.
db::Column settable_column(const Program& program, const project::Reference& wanted);

// Appends the column. Errors: kInvalidFile when it is there already, under another spelling.
void add_column(std::vector<db::Column>& columns, db::Column column, const project::Reference& wanted);

}  // namespace weir::backfill
