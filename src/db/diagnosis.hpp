// What `weir doctor` finds out about a server or file; values only.
#pragma once

#include <string>

namespace weir::db {

struct Diagnosis {
  enum class Level { kGood, kWarning, kProblem, kUnknown };
  Level level = Level::kGood;
  std::string subject;  // "version", "privileges", "invalid indexes" ...; stable, scripts match on it
  std::string message;
  std::string remedy;  // a command or GRANT to issue; may be empty
};

}  // namespace weir::db
