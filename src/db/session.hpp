// Other sessions of the server, as an operator wants to see them when they are in the way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace weir::db {

struct SessionInfo {
  std::string pid;                  // what the engine's own KILL or pg_terminate_backend() takes
  std::string user;                 // empty, as all that follows: not known
  std::string application;          // or the client's host, where the engine knows no application name
  std::string state;                // "active", "idle in transaction", "Sleep" ...
  std::optional<Milliseconds> age;  // of its transaction, or of its statement when it has none
  std::string query;                // the one that runs, or ran last; literals replaced by '?' (DESIGN.md invariant 12)
  std::string lock;                 // what it holds or waits for: "AccessShareLock on users"
};

}  // namespace weir::db
