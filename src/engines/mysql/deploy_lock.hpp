// One deployer per database: a user-level lock (GET_LOCK) on a connection of its own. It is only ever tried, never
// waited for. The server releases it when the session ends, that is at once when the process dies and within a minute
// when its machine does. The lock belongs to one server: on a cluster with several writers give every deployer the same
// one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/database.hpp"
#include "engines/mysql/conninfo.hpp"

namespace weir::engines::mysql {

// Such locks are the server's, so the database stands in the name, which has room for 64 characters.
std::string deploy_lock_name(std::string_view database);

db::LockAttempt try_deploy_lock(const Conninfo& info, std::string_view actor);
std::optional<db::LockHolder> deploy_lock_holder(const Conninfo& info);

// Another tool's lock, on a connection of its own; it is released as weir's is.
db::LockAttempt try_foreign_lock(const Conninfo& info, const db::ForeignLockOf& lock_of, std::string_view actor);

}  // namespace weir::engines::mysql
