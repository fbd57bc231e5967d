// Values of the user's tables, for the commands that are asked to show them.
#pragma once

#include <string>

#include "db/value.hpp"

namespace weir::report {

// One line without control characters, cut after `most` characters: NULL, 42, member, '' (empty), x'00ff'.
std::string shown_value(const db::Value& value, std::size_t most = 60);
// (42, member)
std::string shown_key(const db::Row& key);

}  // namespace weir::report
