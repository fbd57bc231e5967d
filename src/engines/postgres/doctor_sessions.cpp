#include "engines/postgres/doctor_sessions.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"

namespace weir::engines::postgres {
namespace {

using db::Diagnosis;
using Level = db::Diagnosis::Level;

// An open transaction that does nothing holds its locks for longer than DDL waits (lock_timeout, 2 s by default). One
// that works keeps CREATE INDEX CONCURRENTLY waiting, and vacuum from cleaning up.
constexpr std::int64_t kIdleMs = 2'000;
constexpr std::int64_t kActiveMs = 5 * 60'000;
constexpr std::int64_t kPreparedMs = 10 * 60'000;

constexpr const char* kSeesOthers =
    "SELECT current_user, CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN 1 ELSE 0 END";

// The oldest first, at most ten. Workers of a parallel query belong to its session.
constexpr const char* kSessions = R"sql(
WITH open AS (
  SELECT pid, usename, application_name, client_addr, state,
         CAST(extract(epoch FROM clock_timestamp() - xact_start) * 1000 AS bigint) AS age,
         CAST(extract(epoch FROM clock_timestamp() - state_change) * 1000 AS bigint) AS in_state
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
    AND xact_start IS NOT NULL
)
SELECT pid, usename, application_name, client_addr, state, age FROM open
WHERE (state LIKE 'idle in transaction%' AND in_state >= $1) OR (state NOT LIKE 'idle%' AND age >= $2)
ORDER BY age DESC LIMIT 10
)sql";

constexpr const char* kPrepared = R"sql(
SELECT quote_literal(gid), owner, CAST(extract(epoch FROM clock_timestamp() - prepared) * 1000 AS bigint)
FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared LIMIT 10
)sql";

bool sees_others(Connection& connection, std::vector<Diagnosis>& out) {
  const db::Row row = connection.query(kSeesOthers).rows.at(0);
  if (db::as_integer(row[1]) == 1) {
    out.push_back({Level::kGood, "monitoring", "sessions of other roles are visible", ""});
    return true;
  }
  const std::string role = dialect().quote(db::as_text(row[0]));
  out.push_back(
      {Level::kWarning, "monitoring",
       fmt::format("{} does not see what sessions of other roles do: who blocks a migration stays unnamed", role),
       fmt::format("GRANT pg_read_all_stats TO {};", role)});
  return false;
}

Diagnosis session(const db::Row& row) {
  const auto pid = db::as_integer(row[0]);
  std::string who = fmt::format("pid {}, user {}", pid, db::as_text(row[1]));
  if (const auto application = db::as_text(row[2]); !application.empty()) who += ", " + application;
  if (!db::is_null(row[3])) who += ", from " + db::as_text(row[3]);
  return {Level::kWarning, "sessions",
          fmt::format("{}: {}, its transaction is {} old", who, db::as_text(row[4]),
                      human_duration(Milliseconds(db::as_integer(row[5])))),
          fmt::format("end the transaction where it comes from, or SELECT pg_terminate_backend({});", pid)};
}

}  // namespace

void add_sessions(Connection& connection, std::vector<Diagnosis>& out) {
  const bool complete = sees_others(connection, out);
  const auto found = connection.query(kSessions, {kIdleMs, kActiveMs});
  for (const auto& row : found.rows) out.push_back(session(row));
  if (found.rows.empty()) {
    out.push_back(complete ? Diagnosis{Level::kGood, "sessions", "no long transaction", ""}
                           : Diagnosis{Level::kUnknown, "sessions",
                                       "no long transaction of this role; those of others are hidden", ""});
  }
  const auto prepared = connection.query(kPrepared);
  for (const auto& row : prepared.rows) {
    const auto age = db::as_integer(row[2]);
    out.push_back({age >= kPreparedMs ? Level::kProblem : Level::kWarning, "prepared transactions",
                   fmt::format("{} of {} is {} old and keeps its locks, through restarts too", db::as_text(row[0]),
                               db::as_text(row[1]), human_duration(Milliseconds(age))),
                   fmt::format("COMMIT PREPARED {0}; or ROLLBACK PREPARED {0};", db::as_text(row[0]))});
  }
  if (prepared.rows.empty()) out.push_back({Level::kGood, "prepared transactions", "none", ""});
}

}  // namespace weir::engines::postgres
