// A line diff of the applied text and the file as it is now.
#pragma once

#include <string>
#include <string_view>

namespace weir::migrate {

// Lines with '-' (applied) and '+' (now), with one line of context; at most `max_lines` lines, the rest is counted.
std::string line_diff(std::string_view applied, std::string_view now, std::size_t max_lines = 20);

}  // namespace weir::migrate
