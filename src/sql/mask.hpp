// Statements as they may be shown to people: without the values in them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sql/dialect.hpp"

namespace weir::sql {

// One line without comments, every literal as '?', cut at `most` bytes (not within a character) with an ellipsis. What
// cannot be read to its end (the servers cut long queries) is cut where the trouble begins.
std::string mask_literals(std::string_view sql, const Dialect& dialect, std::size_t most = 120);

}  // namespace weir::sql
