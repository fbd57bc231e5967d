// Executes the statements of schema migrations on one connection: under their timeouts, watched, and repeated while a
// lock is not granted. One for a whole deploy; not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/stop.hpp"
#include "ledger/ledger.hpp"
#include "migrate/observer.hpp"
#include "migrate/statement_watch.hpp"
#include "project/config.hpp"
#include "project/migration.hpp"

namespace weir::migrate {

// A statement with what its section and weir.toml say about it.
struct Work {
  const project::Migration* migration = nullptr;
  const sql::Statement* statement = nullptr;
  std::size_t number = 0;  // from 1
  std::size_t total = 0;
  Milliseconds lock_timeout{0};       // 0: for ever
  Milliseconds statement_timeout{0};  // 0: none
  std::string label() const;          // "20260104120000 add_users_locale, statement 1 of 2"
};

std::vector<Work> work_of(const project::Config& config, const project::Migration& migration,
                          const std::vector<const project::Section*>& sections);

class Executor {
 public:
  Executor(const db::Database& database, const project::Config& config, Clock& clock, const StopToken& stop,
           DeployObserver& observer)
      : database_(database), config_(config), clock_(clock), stop_(stop), observer_(observer) {}

  // The connection that migrations use; its session is as the URL makes it.
  db::Connection& connection();
  // After a migration: what it may have left in the session (SET, temporary tables) must not reach the next one.
  void leave(const project::Migration& migration);
  bool leaves_session_alone(const project::Migration& migration) const;
  // After a lost connection.
  void reconnect();
  // Counts the sessions: another number means that what was set in the last one is gone.
  std::uint64_t session_number() const { return sessions_; }
  // For weir's own statements that may take their time.
  void lift_timeouts();

  // One attempt. Errors: the engine's, at the statement's place in the file; kInterrupted when a stop cancelled it.
  void execute(const Work& work);
  // Repeats `act` with growing, jittered pauses while it fails for a lock that is not granted or another cause that
  // passes, until config.lock_budget is spent. Between two attempts nothing is held, so that the application's queries
  // pass. Errors: as `act`; a lock timeout names the sessions that were in the way.
  void with_retries(const std::function<void()>& act);
  // One transaction around `body`. A COMMIT whose answer never came is looked up on a fresh connection: `happened`
  // tells from the ledger.
  void in_transaction(ledger::Ledger& ledger, const std::function<void(ledger::Ledger&)>& body,
                      const std::function<bool(ledger::Ledger&)>& happened);

 private:
  void set_timeouts(const Work& work);
  std::vector<db::SessionInfo> holders();
  Error still_locked(const Error& error, int attempts, Milliseconds spent);

  const db::Database& database_;
  const project::Config& config_;
  Clock& clock_;
  const StopToken& stop_;
  DeployObserver& observer_;
  std::unique_ptr<db::Connection> connection_;
  std::uint64_t sessions_ = 0;
  std::unique_ptr<StatementWatch> watch_;                         // of connection_: destroyed before it
  Work last_;                                                     // executed
  Milliseconds last_lock_timeout_{0};                             // of the statement that ran last
  std::optional<Milliseconds> lock_timeout_, statement_timeout_;  // of the session, as far as known
};

}  // namespace weir::migrate
