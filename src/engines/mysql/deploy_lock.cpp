#include "engines/mysql/deploy_lock.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/mysql/connection.hpp"

namespace weir::engines::mysql {
namespace {

constexpr const char* kTryLock = "SELECT GET_LOCK(?, 0)";
constexpr const char* kRelease = "SELECT RELEASE_LOCK(?)";
constexpr const char* kHeld = "SELECT coalesce(IS_USED_LOCK(?) = CONNECTION_ID(), 0)";
constexpr const char* kHolder = "SELECT IS_USED_LOCK(?)";

// Another user's sessions are listed only with the privilege PROCESS.
constexpr const char* kSession = "SELECT user, host FROM information_schema.processlist WHERE id = ?";

// What the session called itself. MariaDB keeps it only with performance_schema=ON.
constexpr const char* kProgram = R"sql(
SELECT attr_value FROM performance_schema.session_connect_attrs
WHERE processlist_id = ? AND attr_name = 'program_name'
)sql";

class DeployLock final : public db::DeployLock {
 public:
  DeployLock(std::unique_ptr<Connection> connection, std::string name)
      : connection_(std::move(connection)), name_(std::move(name)) {}
  // The session ends with this object and takes the lock along, but some time after the connection was closed.
  ~DeployLock() override {
    try {
      connection_->query(kRelease, {name_});
    } catch (const std::exception&) {
      // A lost session has no lock.
    }
  }
  DeployLock(const DeployLock&) = delete;
  DeployLock& operator=(const DeployLock&) = delete;
  bool held() override { return db::as_integer(connection_->query(kHeld, {name_}).rows.at(0).at(0)) == 1; }

 private:
  std::unique_ptr<Connection> connection_;
  std::string name_;
};

// The first row, or nothing when the server refuses to tell.
std::optional<db::Row> ask(Connection& connection, const char* sql, const db::Value& parameter) {
  try {
    const auto found = connection.query(sql, {parameter});
    return found.rows.empty() ? std::nullopt : std::optional(found.rows[0]);
  } catch (const Error& error) {
    if (error.next() != Next::kFail) throw;
    return std::nullopt;
  }
}

std::optional<db::LockHolder> find_holder(Connection& connection, const std::string& name) {
  const db::Value id = connection.query(kHolder, {name}).rows.at(0).at(0);
  if (db::is_null(id)) return std::nullopt;
  std::string description = fmt::format("connection {}", db::as_text(id));
  if (const auto session = ask(connection, kSession, id)) {
    description += fmt::format(" of {} on {}", db::as_text(session->at(0)), db::as_text(session->at(1)));
  }
  if (const auto program = ask(connection, kProgram, id)) description += ", " + db::as_text(program->at(0));
  return db::LockHolder{description, 0};
}

}  // namespace

std::string deploy_lock_name(std::string_view database) {
  constexpr std::size_t kMost = 64;
  constexpr std::size_t kDigits = 32;  // of the hash, when the name itself has no room
  std::string name = fmt::format("weir:deploy:{}", database);
  return name.size() <= kMost ? name : "weir:deploy:" + sha256(database).substr(0, kDigits);
}

db::LockAttempt try_deploy_lock(const Conninfo& info, std::string_view actor) {
  Conninfo named = info;
  named.program_name = fmt::format("weir deploy ({})", actor);
  const std::string name = deploy_lock_name(info.database);
  auto connection = std::make_unique<Connection>(open_session(named, db::Purpose::kControl), named);
  const db::Value got = connection->query(kTryLock, {name}).rows.at(0).at(0);
  if (db::is_null(got)) throw Error(Code::kDatabase, "the server did not answer whether the deploy lock is free");
  if (db::as_integer(got) != 1) return {nullptr, find_holder(*connection, name)};
  return {std::make_unique<DeployLock>(std::move(connection), name), std::nullopt};
}

db::LockAttempt try_foreign_lock(const Conninfo& info, const db::ForeignLockOf& lock_of, std::string_view actor) {
  Conninfo named = info;
  named.program_name = fmt::format("weir deploy ({})", actor);
  const std::string name = lock_of(info.database).name;
  auto connection = std::make_unique<Connection>(open_session(named, db::Purpose::kControl), named);
  const db::Value got = connection->query(kTryLock, {name}).rows.at(0).at(0);
  if (db::is_null(got))
    throw Error(Code::kDatabase, "the server did not answer whether the former tool's lock is free");
  if (db::as_integer(got) != 1) return {nullptr, find_holder(*connection, name)};
  return {std::make_unique<DeployLock>(std::move(connection), name), std::nullopt};
}

std::optional<db::LockHolder> deploy_lock_holder(const Conninfo& info) {
  Connection connection(open_session(info, db::Purpose::kRead), info);
  return find_holder(connection, deploy_lock_name(info.database));
}

}  // namespace weir::engines::mysql
