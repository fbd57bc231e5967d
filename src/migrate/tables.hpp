// Which tables a schema migration touches, as far as its text tells for certain.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "project/migration.hpp"

namespace weir::migrate {

// Names without schema, in lower case; nothing when a statement is not understood. "Not understood" must be read as
// "any table".
using TableSet = std::optional<std::set<std::string>>;

// Of one statement.
TableSet tables_of(std::string_view statement, const sql::Dialect& dialect);
TableSet tables_touched(const project::Migration& migration, const sql::Dialect& dialect);
// True when the migration locks nothing that another session can see: all it does is to create tables, and indexes on
// them. False where weir cannot tell.
bool touches_only_new_tables(const project::Migration& migration, const sql::Dialect& dialect);

bool may_overlap(const TableSet& a, const TableSet& b);

}  // namespace weir::migrate
