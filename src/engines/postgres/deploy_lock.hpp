// One deployer per ledger: a session advisory lock on a connection of its own. It is only ever tried, never waited for,
// and holds no transaction open: a waiter would deadlock with CREATE INDEX CONCURRENTLY. The server releases it when
// the session ends, that is at once when the process dies and within a minute when its machine does.
#pragma once

#include <optional>
#include <string_view>

#include "db/database.hpp"
#include "engines/postgres/conninfo.hpp"

namespace weir::engines::postgres {

// Errors: kConfig behind a pooler, where the lock would belong to whoever gets the server's session next.
db::LockAttempt try_deploy_lock(const Conninfo& info, std::string_view actor);

std::optional<db::LockHolder> deploy_lock_holder(const Conninfo& info);

// Another tool's lock, on a connection of its own; it is released as weir's is.
db::LockAttempt try_foreign_lock(const Conninfo& info, const db::ForeignLockOf& lock_of, std::string_view actor);

}  // namespace weir::engines::postgres
