// The version of these headers, for the preprocessor, and of the library that the program runs with. They follow
// semantic versioning; while the first number is 0 the second one takes its place: 0.1.x stays source and binary
// compatible, 0.2 may not. A program that runs with another 0.x than it was built with does not start: the loader looks
// for libweir.so.0.x by name.
#pragma once

#include <string_view>
#include <weir/export.hpp>

// CMakeLists.txt reads them here: this is the one place where the version stands.
#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0

namespace weir {

// Of the library that runs: "0.1.0". Thread-safe.
WEIR_API std::string_view version();

}  // namespace weir
