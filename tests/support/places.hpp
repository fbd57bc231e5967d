// Where the repository and the program under test stand. Only this file's source knows, so that objects of two
// checkouts are alike and the compiler cache serves both.
#pragma once

#include <string>

namespace weir::test {

// A path below the repository's root: source_path("tools/postgres-server").
std::string source_path(const std::string& below);
// build/weir.
std::string program_path();

}  // namespace weir::test
