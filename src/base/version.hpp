#pragma once

#include <string_view>

namespace weir {

// The program's version, from CMake's project().
std::string_view version();

}  // namespace weir
