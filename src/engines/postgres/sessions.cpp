// Which sessions of the server live: Connection::session_id() and session_liveness().
#include <fmt/format.h>

#include "base/text.hpp"
#include "engines/postgres/connection.hpp"

namespace weir::engines::postgres {
namespace {

// The start time, in microseconds, makes the pid unique; the session sees its own row whatever its privileges.
constexpr const char* kOwnSession = R"sql(
SELECT pid, CAST(extract(epoch FROM backend_start) * 1000000 AS bigint)
FROM pg_stat_activity WHERE pid = pg_backend_pid()
)sql";

// backend_start of another role's session is NULL without the privilege to see it (pg_read_all_stats).
constexpr const char* kSessionOfPid = R"sql(
SELECT CAST(extract(epoch FROM backend_start) * 1000000 AS bigint)
FROM pg_stat_activity WHERE pid = $1
)sql";

}  // namespace

std::string Connection::session_id() {
  if (!session_id_.empty()) return session_id_;
  const db::Result own = query(kOwnSession);
  // Behind a pooler the server's session outlives ours or is not ours at all: then nobody can tell whether we live.
  if (own.rows.empty() || db::as_integer(own.rows[0][0]) != PQbackendPID(handle())) return {};
  session_id_ = fmt::format("{}/{}", db::as_integer(own.rows[0][0]), db::as_integer(own.rows[0][1]));
  return session_id_;
}

Liveness Connection::session_liveness(const std::string& session_id) {
  const auto parts = split(session_id, '/');
  const auto pid = parts.size() == 2 ? parse_integer(parts[0]) : std::nullopt;
  const auto start = parts.size() == 2 ? parse_integer(parts[1]) : std::nullopt;
  if (!pid || !start) return Liveness::kUnknown;
  // Inside a transaction the view is a snapshot that may be older than the session asked for.
  if (in_transaction()) query("SELECT pg_stat_clear_snapshot()");
  const db::Result found = query(kSessionOfPid, {*pid});
  if (found.rows.empty()) return Liveness::kDead;
  // A session of this pid lives, but whether it is that one or a later one with the same pid stays hidden.
  if (db::is_null(found.rows[0][0])) return Liveness::kUnknown;
  return db::as_integer(found.rows[0][0]) == *start ? Liveness::kAlive : Liveness::kDead;
}

}  // namespace weir::engines::postgres
