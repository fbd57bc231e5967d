// The sessions of the server: which live, and which are in the way.
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"
#include "sql/mask.hpp"

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

// Of another role's session only pid, user and name are shown without pg_read_all_stats: the rest is NULL.
#define WEIR_SESSION_COLUMNS                                                                                     \
  "a.pid, a.usename, coalesce(nullif(a.application_name, ''), a.client_hostname, host(a.client_addr)), a.state," \
  " CAST(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start)) * 1000 AS bigint), a.query, "

// What each holds of that which the waiting session wants: of the same relation, or of whatever else it is.
constexpr const char* kBlockers = "SELECT " WEIR_SESSION_COLUMNS R"sql(
  (SELECT string_agg(DISTINCT h.mode || coalesce(' on ' || CAST(CAST(h.relation AS regclass) AS text), ''), ', ')
     FROM pg_locks w JOIN pg_locks h
       ON (h.locktype, h.database, h.relation, h.transactionid, h.virtualxid, h.classid, h.objid)
          IS NOT DISTINCT FROM (w.locktype, w.database, w.relation, w.transactionid, w.virtualxid, w.classid, w.objid)
    WHERE w.pid = b.waiting AND NOT w.granted AND h.pid = a.pid AND h.granted)
FROM (SELECT CAST($1 AS integer) AS waiting) b, unnest(pg_blocking_pids(b.waiting)) blocking
JOIN pg_stat_activity a ON a.pid = blocking
ORDER BY a.xact_start NULLS LAST, a.pid
)sql";

constexpr const char* kHolders = "SELECT " WEIR_SESSION_COLUMNS R"sql(
  string_agg(DISTINCT h.mode || ' on ' || CAST(CAST(h.relation AS regclass) AS text), ', ')
FROM pg_locks h JOIN pg_stat_activity a ON a.pid = h.pid
WHERE h.granted AND h.relation = to_regclass($1) AND h.pid <> pg_backend_pid()
  AND h.database = (SELECT oid FROM pg_database WHERE datname = current_database())
GROUP BY a.pid, a.usename, a.application_name, a.client_hostname, a.client_addr, a.state, a.xact_start, a.query_start,
         a.query
ORDER BY a.xact_start NULLS LAST, a.pid
)sql";
#undef WEIR_SESSION_COLUMNS

constexpr const char* kOldestTransaction = R"sql(
SELECT CAST(extract(epoch FROM clock_timestamp() - min(xact_start)) * 1000 AS bigint)
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
)sql";

// pg_blocking_pids() stops everybody's locking for a moment: it is asked only of those who wait for something that we
// hold, which need not be in their way.
constexpr const char* kInTheWay = R"sql(
SELECT DISTINCT CAST(blocking AS text)
FROM (SELECT CAST($1 AS integer[]) AS batches, CAST($2 AS integer[]) AS pids) own,
     LATERAL (
       SELECT DISTINCT w.pid FROM pg_locks w JOIN pg_locks h
           ON (h.locktype, h.database, h.relation, h.transactionid, h.virtualxid, h.classid, h.objid)
              IS NOT DISTINCT FROM (w.locktype, w.database, w.relation, w.transactionid, w.virtualxid, w.classid, w.objid)
        WHERE NOT w.granted AND w.pid <> ALL (own.pids) AND h.granted AND h.pid = ANY (own.batches)) waiting,
     LATERAL unnest(pg_blocking_pids(waiting.pid)) blocking
WHERE blocking = ANY (own.batches)
)sql";

std::optional<Milliseconds> to_age(const db::Value& value) {
  if (db::is_null(value)) return std::nullopt;
  return Milliseconds(std::max<std::int64_t>(0, db::as_integer(value)));
}

std::vector<db::SessionInfo> to_sessions(const db::Result& result) {
  std::vector<db::SessionInfo> sessions;
  for (const auto& row : result.rows) {
    db::SessionInfo session{db::as_text(row[0]), db::as_text(row[1]),
                            db::as_text(row[2]), db::as_text(row[3]),
                            std::nullopt,        sql::mask_literals(db::as_text(row[5]), dialect()),
                            db::as_text(row[6])};
    session.age = to_age(row[4]);
    sessions.push_back(std::move(session));
  }
  return sessions;
}

}  // namespace

std::vector<std::string> Connection::in_the_way(const std::vector<std::string>& batches,
                                                const std::vector<std::string>& own) {
  const auto pids = [](const std::vector<std::string>& sessions) {
    std::vector<std::string> numbers;
    for (const auto& session : sessions) numbers.push_back(session.substr(0, session.find('/')));
    return fmt::format("{{{}}}", fmt::join(numbers, ","));
  };
  std::vector<std::string> found;
  for (const auto& row : query(kInTheWay, {pids(batches), pids(own)}).rows) {
    const std::string pid = db::as_text(row[0]) + "/";
    std::copy_if(batches.begin(), batches.end(), std::back_inserter(found),
                 [&](const auto& session) { return session.starts_with(pid); });
  }
  return found;
}

std::vector<db::SessionInfo> Connection::blockers_of(const std::string& session_id) {
  const auto pid = parse_integer(session_id.substr(0, session_id.find('/')));
  return pid ? to_sessions(query(kBlockers, {*pid})) : std::vector<db::SessionInfo>();
}

std::vector<db::SessionInfo> Connection::holders_of(std::string_view as_written) {
  return to_sessions(query(kHolders, {std::string(as_written)}));
}

std::optional<Milliseconds> Connection::oldest_transaction() {
  return to_age(query(kOldestTransaction).rows.at(0).at(0));
}

std::string Connection::session_id() {
  if (session_id_) return *session_id_;
  session_id_ = "";
  const db::Result own = query(kOwnSession);
  // Behind a pooler the server's session outlives ours or is not ours at all: then nobody can tell whether we live.
  if (!own.rows.empty() && db::as_integer(own.rows[0][0]) == PQbackendPID(handle()))
    session_id_ = fmt::format("{}/{}", db::as_integer(own.rows[0][0]), db::as_integer(own.rows[0][1]));
  return *session_id_;
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
