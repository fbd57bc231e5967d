#include "engines/postgres/deploy_lock.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "engines/postgres/connect.hpp"
#include "engines/postgres/connection.hpp"

namespace weir::engines::postgres {
namespace {

// The lock's two numbers: "weir" in ASCII, and the schema the ledger lives in: where search_path leads to it, or where
// it will be made. Two roles may share a ledger and still have different first schemas.
#define WEIR_LOCK_CLASS "2003134834"
#define WEIR_LOCK_SCHEMA                                                            \
  "(SELECT hashtext(coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n" \
  " ON n.oid = c.relnamespace WHERE c.oid = to_regclass('weir_meta')), current_schema(), '')))"

// NULL when the session is not the one that libpq speaks to. CASE keeps the lock from being taken then.
constexpr const char* kTryLock =
    "SELECT CASE WHEN pg_backend_pid() = CAST($1 AS integer) THEN"
    " CASE WHEN pg_try_advisory_lock(" WEIR_LOCK_CLASS ", " WEIR_LOCK_SCHEMA ") THEN 1 ELSE 0 END END";

// Of the ledger's place now: while we waited, or since, another deployer may have made the ledger elsewhere.
constexpr const char* kHeld = R"sql(
SELECT count(*) FROM pg_locks l
WHERE l.locktype = 'advisory' AND l.granted AND l.pid = pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid = )sql" WEIR_LOCK_CLASS R"sql( AND l.objsubid = 2
  AND l.objid = CAST()sql" WEIR_LOCK_SCHEMA R"sql( AS oid)
)sql";

// Tools lock by one number of 64 bits, whose halves pg_locks shows.
constexpr const char* kTryForeignLock = "SELECT CASE WHEN pg_try_advisory_lock(CAST($1 AS bigint)) THEN 1 ELSE 0 END";
constexpr const char* kForeignHeld = R"sql(
SELECT count(*) FROM pg_locks l
WHERE l.locktype = 'advisory' AND l.granted AND l.pid = pg_backend_pid() AND l.objsubid = 1
  AND ((CAST(CAST(l.classid AS bigint) AS bit(64)) << 32) | CAST(CAST(l.objid AS bigint) AS bit(64)))
      = CAST(CAST($1 AS bigint) AS bit(64))
)sql";

constexpr const char* kHolder = R"sql(
SELECT l.pid, a.usename, a.application_name, a.client_addr,
       CAST(extract(epoch FROM a.backend_start) * 1000 AS bigint)
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid = )sql" WEIR_LOCK_CLASS R"sql( AND l.objsubid = 2
  AND l.objid = CAST()sql" WEIR_LOCK_SCHEMA R"sql( AS oid)
)sql";

#undef WEIR_LOCK_CLASS
#undef WEIR_LOCK_SCHEMA

constexpr std::size_t kLongestApplicationName = 63;

class DeployLock final : public db::DeployLock {
 public:
  explicit DeployLock(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  // The session ends with this object, and the lock with the session.
  bool held() override { return db::as_integer(connection_->query(kHeld).rows.at(0).at(0)) > 0; }

 private:
  std::unique_ptr<Connection> connection_;
};

class ForeignLock final : public db::DeployLock {
 public:
  ForeignLock(std::unique_ptr<Connection> connection, std::int64_t number)
      : connection_(std::move(connection)), number_(number) {}
  bool held() override { return db::as_integer(connection_->query(kForeignHeld, {number_}).rows.at(0).at(0)) > 0; }

 private:
  std::unique_ptr<Connection> connection_;
  std::int64_t number_;
};

std::string application_name(std::string_view actor) {
  std::string name = fmt::format("weir deploy ({})", actor);
  if (name.size() <= kLongestApplicationName) return name;
  std::size_t end = kLongestApplicationName;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // not within a character
  return name.substr(0, end);
}

std::optional<db::LockHolder> find_holder(Connection& connection) {
  const db::Result found = connection.query(kHolder);
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows[0];
  std::string description = fmt::format("pid {}", db::as_integer(row[0]));
  // The address and the start of another role's session are hidden without pg_read_all_stats.
  if (!db::is_null(row[3])) description += " on " + db::as_text(row[3]);
  if (!db::is_null(row[1])) description += ", user " + db::as_text(row[1]);
  if (const auto name = db::as_text(row[2]); !name.empty()) description += ", " + name;
  return db::LockHolder{description, db::is_null(row[4]) ? 0 : db::as_integer(row[4])};
}

}  // namespace

db::LockAttempt try_deploy_lock(const Conninfo& info, std::string_view actor) {
  Conninfo named = info;
  named.parameters["application_name"] = application_name(actor);
  auto connection = std::make_unique<Connection>(open_session(named, db::Purpose::kControl));
  const std::int64_t pid = PQbackendPID(connection->handle());
  const db::Value got = connection->query(kTryLock, {pid}).rows.at(0).at(0);
  if (db::is_null(got)) {
    throw Error(Code::kConfig, "the database URL goes through a transaction pooler; the deploy lock would not hold")
        .hint("give a URL that leads directly to the server");
  }
  if (db::as_integer(got) == 0) return {nullptr, find_holder(*connection)};
  auto lock = std::make_unique<DeployLock>(std::move(connection));
  // The ledger came into being between the look and the lock: the caller tries again.
  if (!lock->held()) return {nullptr, std::nullopt};
  return {std::move(lock), std::nullopt};
}

db::LockAttempt try_foreign_lock(const Conninfo& info, const db::ForeignLockOf& lock_of, std::string_view actor) {
  Conninfo named = info;
  named.parameters["application_name"] = application_name(actor);
  auto connection = std::make_unique<Connection>(open_session(named, db::Purpose::kControl));
  const std::int64_t number =
      lock_of(db::as_text(connection->query("SELECT current_database()").rows.at(0).at(0))).number;
  if (db::as_integer(connection->query(kTryForeignLock, {number}).rows.at(0).at(0)) == 0) return {};
  return {std::make_unique<ForeignLock>(std::move(connection), number), std::nullopt};
}

std::optional<db::LockHolder> deploy_lock_holder(const Conninfo& info) {
  Connection connection(open_session(info, db::Purpose::kRead));
  return find_holder(connection);
}

}  // namespace weir::engines::postgres
