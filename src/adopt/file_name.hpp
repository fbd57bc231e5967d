// What the name of another tool's migration file says. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adopt/tool.hpp"

namespace weir::adopt {

struct FileName {
  enum class Role {
    kUp,          // up, or both directions in one file
    kDown,        // the down half of a pair
    kRepeatable,  // Flyway's R__
    kForeign,     // a program that only the tool can execute: Go, Ruby
  } role = Role::kUp;
  std::string version;  // Flyway's with points; empty for a repeatable one
  std::string name;
};

// Nothing for what the tool does not take for a migration.
std::optional<FileName> read_file_name(Tool tool, std::string_view name);

}  // namespace weir::adopt
