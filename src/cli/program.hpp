// The composition root: command line -> command -> exit code.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

// Never throws. Exit codes: docs/commands.md.
int run_program(const std::vector<std::string>& arguments) noexcept;

}  // namespace weir::cli
