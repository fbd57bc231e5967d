// The names under which a plan may speak of a table.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "sql/dialect.hpp"

namespace weir::sql {

// `table` and the aliases that the statement may give it, in lower case. Grammar is not known here: a word that cannot
// be an alias (SET, WHERE) may be among them, which does no harm where names are only compared with.
std::set<std::string> names_of_table(std::string_view statement, std::string_view table, const Dialect& dialect);

}  // namespace weir::sql
