// Who is in the way of a statement. Values for people: what a server says about its sessions differs between engines
// and with the rights of the user, so any field may be empty.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace weir {

// Another session of the server that is in the way.
struct SessionInfo {
  std::string pid;                               // what the engine's own KILL or pg_terminate_backend() takes
  std::string user;                              // empty, as all that follows: not known
  std::string application;                       // or the client's host, where the engine knows no application name
  std::string state;                             // "active", "idle in transaction", "Sleep" ...
  std::optional<std::chrono::milliseconds> age;  // of its transaction, or of its statement when it has none
  std::string query;                             // that runs, or ran last; literals are replaced by '?'
  std::string lock;                              // what it holds or waits for: "AccessShareLock on users"
};

// A statement of a schema migration that waits for a lock.
struct LockWait {
  std::string what;                     // "20260104120000 add_users_locale, statement 1 of 2"
  std::vector<SessionInfo> blockers;    // may be empty: not known
  std::chrono::milliseconds waited{0};  // in this attempt
};

}  // namespace weir
