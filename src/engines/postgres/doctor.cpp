// Connection::diagnose() for PostgreSQL: the server and this session's rights. Who is in the way stands in
// doctor_sessions.cpp.
#include <fmt/format.h>

#include "engines/postgres/connection.hpp"
#include "engines/postgres/dialect.hpp"
#include "engines/postgres/doctor_sessions.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::postgres {
namespace {

using db::Diagnosis;
using Level = db::Diagnosis::Level;

constexpr std::int64_t kOldestKnown = 12, kNewestKnown = 18;

constexpr const char* kServer = R"sql(
SELECT CAST(current_setting('server_version_num') AS bigint) / 10000, split_part(current_setting('server_version'), ' ', 1),
       CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END,
       CASE WHEN s.ssl THEN 1 ELSE 0 END, s.version,
       CASE WHEN inet_client_addr() IS NULL OR inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() = '::1'
            THEN 1 ELSE 0 END,
       (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database())
FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()
)sql";

// Where the ledger is, or will be.
constexpr const char* kSchema = R"sql(
SELECT current_user, coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                               WHERE c.oid = to_regclass('weir_meta')), current_schema()), current_setting('search_path')
)sql";
constexpr const char* kMayCreate = "SELECT CASE WHEN has_schema_privilege($1, 'CREATE') THEN 1 ELSE 0 END";
constexpr const char* kClosedTables = R"sql(
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r'
  AND c.relname LIKE 'weir\_%'
  AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
           AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
ORDER BY c.relname
)sql";

// The parent of a partitioned index is invalid until every partition has its part, and one that is being built is not
// finished: neither is broken. Those of REINDEX CONCURRENTLY that was killed are called ..._ccnew or ..._ccold.
constexpr const char* kInvalidIndexes = R"sql(
SELECT n.nspname, i.relname, t.relname, CASE WHEN p.index_relid IS NULL THEN 0 ELSE 1 END,
       CASE WHEN i.relname ~ '_cc(new|old)[0-9]*$' THEN 1 ELSE 0 END
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid AND i.relkind = 'i'
JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = i.relnamespace
LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = x.indexrelid
WHERE NOT x.indisvalid
ORDER BY n.nspname, i.relname
)sql";

// Since they keep the log, the disk fills up.
constexpr const char* kSlots = R"sql(
SELECT slot_name, CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) AS bigint) >> 20
FROM pg_replication_slots
WHERE NOT active AND restart_lsn IS NOT NULL AND pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > 1073741824
ORDER BY 2 DESC
)sql";

constexpr std::int64_t kOldTransactionIds = 1'500'000'000;  // of two thousand million

std::string quoted(const std::string& name) { return dialect().quote(name); }

Diagnosis version(const db::Row& server) {
  const auto major = db::as_integer(server[0]);
  const std::string text = "PostgreSQL " + db::as_text(server[1]);
  if (major <= kNewestKnown) return {Level::kGood, "version", text, ""};
  return {Level::kWarning, "version",
          fmt::format("{} is newer than what this weir knows ({} to {})", text, kOldestKnown, kNewestKnown),
          "look for a newer weir"};
}

Diagnosis tls(const db::Row& server) {
  if (db::as_integer(server[3]) == 1) return {Level::kGood, "tls", db::as_text(server[4]), ""};
  if (db::as_integer(server[5]) == 1) return {Level::kGood, "tls", "none, on this host", ""};
  return {Level::kWarning, "tls", "the connection to a remote server is not encrypted",
          "add sslmode=verify-full (or at least require) to the URL"};
}

Diagnosis writable(const db::Row& server) {
  if (db::as_integer(server[2]) == 0) return {Level::kGood, "writable", "a primary server", ""};
  return {Level::kProblem, "writable", "the server is a standby: it takes no writes",
          "name the primary in the URL, or several hosts with target_session_attrs=read-write"};
}

Diagnosis transaction_ids(const db::Row& server) {
  const auto age = db::as_integer(server[6]);
  if (age < kOldTransactionIds) return {Level::kGood, "transaction ids", fmt::format("the oldest is {} old", age), ""};
  return {Level::kProblem, "transaction ids",
          fmt::format("the oldest is {} old; at 2 147 483 648 the server stops taking writes", age),
          "end old transactions (see sessions, prepared transactions), then VACUUM the database"};
}

void add_privileges(Connection& connection, std::vector<Diagnosis>& out) {
  const db::Row row = connection.query(kSchema).rows.at(0);
  const std::string role = quoted(db::as_text(row[0]));
  if (db::is_null(row[1])) {
    out.push_back({Level::kProblem, "privileges",
                   fmt::format("no schema of search_path ({}) exists and may be used", db::as_text(row[2])),
                   fmt::format("CREATE SCHEMA ...; GRANT USAGE, CREATE ON SCHEMA ... TO {};", role)});
    return;
  }
  const std::string schema = db::as_text(row[1]);
  const std::size_t before = out.size();
  if (db::as_integer(connection.query(kMayCreate, {schema}).rows.at(0).at(0)) == 0) {
    out.push_back({Level::kProblem, "privileges", fmt::format("{} may not create tables in schema {}", role, schema),
                   fmt::format("GRANT CREATE ON SCHEMA {} TO {};", quoted(schema), role)});
  }
  std::string closed;
  for (const auto& table : connection.query(kClosedTables, {schema}).rows)
    closed += (closed.empty() ? "" : ", ") + sql::quote(dialect(), {schema, db::as_text(table[0])});
  if (!closed.empty()) {
    out.push_back({Level::kProblem, "privileges", fmt::format("{} may not read and write weir's ledger", role),
                   fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON {} TO {};", closed, role)});
  }
  if (out.size() == before)
    out.push_back({Level::kGood, "privileges", fmt::format("{} may create and write in {}", role, schema), ""});
}

void add_invalid_indexes(Connection& connection, std::vector<Diagnosis>& out) {
  const auto found = connection.query(kInvalidIndexes);
  for (const auto& row : found.rows) {
    const std::string name = sql::quote(dialect(), {db::as_text(row[0]), db::as_text(row[1])});
    const std::string what = fmt::format("{} on table {}", name, db::as_text(row[2]));
    if (db::as_integer(row[3]) == 1) {
      out.push_back({Level::kGood, "invalid indexes", what + " is being built now", ""});
      continue;
    }
    const bool leftover = db::as_integer(row[4]) == 1;
    std::string remedy = fmt::format("DROP INDEX CONCURRENTLY {};", name);
    if (!leftover) remedy += fmt::format(" and create it again, or REINDEX INDEX CONCURRENTLY {};", name);
    out.push_back({Level::kProblem, "invalid indexes",
                   what + " is INVALID: it is written to, but no query uses it" +
                       (leftover ? " (left over from REINDEX CONCURRENTLY)" : ""),
                   remedy});
  }
  if (found.rows.empty()) out.push_back({Level::kGood, "invalid indexes", "none", ""});
}

void add_replication_slots(Connection& connection, std::vector<Diagnosis>& out) {
  for (const auto& row : connection.query(kSlots).rows) {
    const std::string name = db::as_text(row[0]);
    out.push_back({Level::kWarning, "replication slots",
                   fmt::format("{} is not used and keeps {} MiB of the log on disk", name, db::as_integer(row[1])),
                   fmt::format("start its reader, or SELECT pg_drop_replication_slot('{}');", name)});
  }
}

}  // namespace

std::vector<Diagnosis> Connection::diagnose() {
  const db::Row server = query(kServer).rows.at(0);
  std::vector<Diagnosis> out = {version(server), tls(server), writable(server), transaction_ids(server)};
  // open_session() has refused a pooler by the same comparison; PgBouncer would not have come so far.
  out.push_back({Level::kGood, "pooler", "none: the session is the server's own", ""});
  add_privileges(*this, out);
  add_invalid_indexes(*this, out);
  add_sessions(*this, out);
  if (db::as_integer(server[2]) == 0) add_replication_slots(*this, out);
  return out;
}

}  // namespace weir::engines::postgres
