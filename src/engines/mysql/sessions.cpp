// Which sessions of the server live: Connection::session_id() and session_liveness(); and blockers_of(), holders_of().
#include <array>
#include <fmt/format.h>
#include <random>

#include "base/text.hpp"
#include "engines/mysql/catalogue.hpp"
#include "engines/mysql/connection.hpp"
#include "engines/mysql/dialect.hpp"
#include "sql/mask.hpp"

namespace weir::engines::mysql {
namespace {

// A user-level lock with a name that nobody else has lives exactly as long as the session; everybody may ask for it,
// without any privilege. Connection numbers begin anew when the server starts.
constexpr const char* kTakeName = "SELECT GET_LOCK(?, 0), @@hostname, @@port";
constexpr const char* kHolderOfName = "SELECT IS_USED_LOCK(?), @@hostname, @@port";

// Every query below gives these columns: id, user, host, state, age in ms, query, lock. trx_started is in the server's
// own time zone.
#define WEIR_SESSION                                                                                       \
  "t.trx_mysql_thread_id, p.user, p.host, coalesce(nullif(p.state, ''), p.command), "                      \
  "CASE WHEN @@time_zone = 'SYSTEM' THEN TIMESTAMPDIFF(MICROSECOND, t.trx_started, NOW(6)) DIV 1000 END, " \
  "t.trx_query, "
#define WEIR_PROCESS "LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id "

constexpr const char* kRowBlockersMariadb =
    "SELECT " WEIR_SESSION
    "'row locks' FROM information_schema.innodb_lock_waits w "
    "JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_trx_id "
    "JOIN information_schema.innodb_trx t ON t.trx_id = w.blocking_trx_id " WEIR_PROCESS
    "WHERE r.trx_mysql_thread_id = ?";
constexpr const char* kRowBlockersMysql =
    "SELECT DISTINCT " WEIR_SESSION
    "'row locks' FROM performance_schema.data_lock_waits w "
    "JOIN information_schema.innodb_trx r ON r.trx_id = w.requesting_engine_transaction_id "
    "JOIN information_schema.innodb_trx t ON t.trx_id = w.blocking_engine_transaction_id " WEIR_PROCESS
    "WHERE r.trx_mysql_thread_id = ?";

// Sessions that hold a metadata lock, with or without a transaction of InnoDB.
#define WEIR_METADATA_HOLDER                                                                               \
  "SELECT DISTINCT h.processlist_id, p.user, p.host, coalesce(nullif(p.state, ''), p.command), "           \
  "CASE WHEN @@time_zone = 'SYSTEM' THEN TIMESTAMPDIFF(MICROSECOND, t.trx_started, NOW(6)) DIV 1000 END, " \
  "coalesce(t.trx_query, p.info), concat(g.lock_type, ' on ', g.object_name) "                             \
  "FROM performance_schema.metadata_locks g "                                                              \
  "JOIN performance_schema.threads h ON h.thread_id = g.owner_thread_id "                                  \
  "LEFT JOIN information_schema.processlist p ON p.id = h.processlist_id "                                 \
  "LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = h.processlist_id "

constexpr const char* kMetadataBlockers = WEIR_METADATA_HOLDER
    "JOIN performance_schema.metadata_locks w ON w.object_type = g.object_type AND w.object_schema = g.object_schema "
    "AND w.object_name = g.object_name AND w.lock_status = 'PENDING' "
    "JOIN performance_schema.threads r ON r.thread_id = w.owner_thread_id "
    "WHERE g.lock_status = 'GRANTED' AND g.object_type = 'TABLE' AND r.processlist_id = ? "
    "AND h.processlist_id <> r.processlist_id ORDER BY t.trx_started";
constexpr const char* kMetadataHolders = WEIR_METADATA_HOLDER
    "WHERE g.lock_status = 'GRANTED' AND g.object_type = 'TABLE' AND h.processlist_id <> CONNECTION_ID() "
    "AND g.object_schema = coalesce(?, database()) AND g.object_name = ? ORDER BY t.trx_started";
// MariaDB's plugin metadata_lock_info, which has to be installed.
constexpr const char* kPluginHolders =
    "SELECT i.thread_id, p.user, p.host, coalesce(nullif(p.state, ''), p.command), "
    "CASE WHEN @@time_zone = 'SYSTEM' THEN TIMESTAMPDIFF(MICROSECOND, t.trx_started, NOW(6)) DIV 1000 END, "
    "coalesce(t.trx_query, p.info), concat(i.lock_mode, ' on ', i.table_name) "
    "FROM information_schema.metadata_lock_info i LEFT JOIN information_schema.processlist p ON p.id = i.thread_id "
    "LEFT JOIN information_schema.innodb_trx t ON t.trx_mysql_thread_id = i.thread_id "
    "WHERE i.thread_id <> CONNECTION_ID() AND i.table_schema = coalesce(?, database()) AND i.table_name = ? "
    "ORDER BY t.trx_started";
constexpr const char* kOpenTransactions =
    "SELECT " WEIR_SESSION
    "'an open transaction; on which tables this server does not tell' FROM information_schema.innodb_trx "
    "t " WEIR_PROCESS
    "WHERE t.trx_mysql_thread_id NOT IN (?, CONNECTION_ID()) AND p.db = database() ORDER BY t.trx_started";
constexpr const char* kOldestTransaction =
    "SELECT CASE WHEN @@time_zone = 'SYSTEM' THEN TIMESTAMPDIFF(MICROSECOND, min(trx_started), NOW(6)) DIV 1000 END "
    "FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> CONNECTION_ID()";
constexpr const char* kWaitsForMetadata =
    "SELECT 1 FROM information_schema.processlist WHERE id = ? AND state LIKE 'Waiting for table metadata lock%'";
#undef WEIR_SESSION
#undef WEIR_PROCESS
#undef WEIR_METADATA_HOLDER

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

std::string lock_of(std::string_view name) { return fmt::format("weir:session:{}", name).substr(0, 64); }

std::string server_of(const db::Row& row) {
  return fmt::format("{}:{}", db::as_text(row.at(1)), db::as_text(row.at(2)));
}

db::SessionInfo to_session(const db::Row& row) {
  db::SessionInfo session;
  session.pid = db::as_text(row.at(0));
  session.user = db::as_text(row.at(1));
  session.application = db::as_text(row.at(2));
  session.state = db::as_text(row.at(3));
  if (!db::is_null(row.at(4))) session.age = Milliseconds(db::as_integer(row.at(4)));
  session.query = sql::mask_literals(db::as_text(row.at(5)), dialect());
  session.lock = db::as_text(row.at(6));
  return session;
}

// Appends what the server tells; nothing when a view, a plugin or the privilege PROCESS is missing.
void ask(Connection& connection, const char* sql, const db::Row& parameters, std::vector<db::SessionInfo>& into) {
  try {
    for (const auto& row : connection.query(sql, parameters).rows) into.push_back(to_session(row));
  } catch (const Error& error) {
    if (error.next() != Next::kFail) throw;
  }
}

}  // namespace

std::string Connection::session_id() {
  if (!session_id_.empty()) return session_id_;
  const std::string name = random_name();
  const auto row = query(kTakeName, {lock_of(name)}).rows.at(0);
  if (db::is_null(row[0]) || db::as_integer(row[0]) != 1) return {};
  session_id_ = fmt::format("{}/{}", server_of(row), name);
  return session_id_;
}

Liveness Connection::session_liveness(const std::string& session_id) {
  const auto slash = session_id.rfind('/');
  if (slash == std::string::npos) return Liveness::kUnknown;
  const auto row = query(kHolderOfName, {lock_of(session_id.substr(slash + 1))}).rows.at(0);
  // Another server of the cluster knows nothing of that session.
  if (server_of(row) != session_id.substr(0, slash)) return Liveness::kUnknown;
  return db::is_null(row[0]) ? Liveness::kDead : Liveness::kAlive;
}

std::vector<db::SessionInfo> Connection::blockers_of(const std::string& session_id) {
  const auto slash = session_id.rfind('/');
  if (slash == std::string::npos) return {};
  const db::Value id = query(kHolderOfName, {lock_of(session_id.substr(slash + 1))}).rows.at(0).at(0);
  if (db::is_null(id)) return {};
  std::vector<db::SessionInfo> found;
  ask(*this, server_.mariadb ? kRowBlockersMariadb : kRowBlockersMysql, {id}, found);
  ask(*this, kMetadataBlockers, {id}, found);
  if (found.empty() && !query(kWaitsForMetadata, {id}).rows.empty()) ask(*this, kOpenTransactions, {id}, found);
  return found;
}

std::vector<db::SessionInfo> Connection::holders_of(std::string_view as_written) {
  const sql::TableName table = parse_table_name(as_written);
  const db::Row name{table.schema.empty() ? db::Value() : db::Value(table.schema), table.name};
  std::vector<db::SessionInfo> found;
  ask(*this, kMetadataHolders, name, found);
  if (found.empty() && server_.mariadb) ask(*this, kPluginHolders, name, found);
  if (found.empty() && server_.mariadb) ask(*this, kOpenTransactions, {std::int64_t{0}}, found);
  return found;
}

std::optional<Milliseconds> Connection::oldest_transaction() {
  try {
    const db::Value age = query(kOldestTransaction).rows.at(0).at(0);
    if (!db::is_null(age)) return Milliseconds(std::max<std::int64_t>(0, db::as_integer(age)));
  } catch (const Error& error) {
    if (error.next() != Next::kFail) throw;  // the privilege PROCESS is missing
  }
  return std::nullopt;
}

}  // namespace weir::engines::mysql
