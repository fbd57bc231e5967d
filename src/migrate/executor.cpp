#include "migrate/executor.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/retry.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "migrate/tables.hpp"
#include "sql/scanner.hpp"

namespace weir::migrate {
namespace {

// Statements that set nothing in the session, whatever they are. A query may: SELECT set_config(...).
bool sets_nothing(std::string_view statement, const sql::Dialect& dialect) {
  sql::Scanner scanner(statement, dialect);
  bool first = true;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_trivia()) continue;
    const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
      return std::any_of(words.begin(), words.end(), [&](auto word) { return token.is_word(word); });
    };
    if (first &&
        !is_one_of({"create", "alter", "drop", "comment", "grant", "revoke", "insert", "update", "delete", "truncate"}))
      return false;
    if (is_one_of({"temp", "temporary", "set_config", "session", "role"})) return false;
    first = false;
  }
  return true;
}

struct Watched {
  StatementWatch& watch;
  Watched(StatementWatch& over, const Work& work) : watch(over) { watch.begin(work.label(), work.lock_timeout); }
  ~Watched() { watch.end(); }
};

}  // namespace

std::string Work::label() const { return fmt::format("{}, statement {} of {}", migration->label(), number, total); }

std::vector<Work> work_of(const project::Config& config, const project::Migration& migration,
                          const std::vector<const project::Section*>& sections) {
  std::vector<Work> work;
  for (const auto* section : sections) {
    for (const auto& statement : section->statements)
      work.push_back({&migration, &statement, work.size() + 1, 0, section->lock_timeout.value_or(config.lock_timeout),
                      section->statement_timeout.value_or(config.statement_timeout)});
  }
  for (auto& one : work) one.total = work.size();
  return work;
}

db::Connection& Executor::connection() {
  if (connection_ && connection_->broken()) reconnect();
  if (!connection_) {
    connection_ = database_.connect(db::Purpose::kControl);
    ++sessions_;
    // An engine with one writer takes its lock when a transaction begins.
    connection_->set_lock_timeout(config_.lock_timeout);
    lock_timeout_ = last_lock_timeout_ = config_.lock_timeout;
    statement_timeout_ = Milliseconds(0);
    watch_ = std::make_unique<StatementWatch>(database_, *connection_, stop_, observer_);
  }
  return *connection_;
}

void Executor::reconnect() {
  watch_.reset();
  connection_.reset();
}

void Executor::lift_timeouts() {
  connection().set_lock_timeout(Milliseconds(0));
  connection().set_statement_timeout(Milliseconds(0));
  lock_timeout_ = statement_timeout_ = Milliseconds(0);
}

void Executor::leave(const project::Migration& migration) {
  if (!leaves_session_alone(migration)) reconnect();
}

bool Executor::leaves_session_alone(const project::Migration& migration) const {
  return std::all_of(migration.sections.begin(), migration.sections.end(), [&](const auto& section) {
    return std::all_of(section.statements.begin(), section.statements.end(),
                       [&](const auto& statement) { return sets_nothing(statement.text, database_.dialect()); });
  });
}

// Only what differs from the last statement: a migration that sets them itself keeps its own.
void Executor::set_timeouts(const Work& work) {
  if (lock_timeout_ != work.lock_timeout) connection_->set_lock_timeout(work.lock_timeout);
  lock_timeout_ = last_lock_timeout_ = work.lock_timeout;
  if (statement_timeout_ != work.statement_timeout) connection_->set_statement_timeout(work.statement_timeout);
  statement_timeout_ = work.statement_timeout;
}

void Executor::execute(const Work& work) {
  connection();
  set_timeouts(work);
  try {
    last_ = work;
    const Watched watched(*watch_, work);
    sync_point(SyncPoint::kStatementBegins);
    connection_->execute_text(work.statement->text);
    sync_point(SyncPoint::kStatementExecuted);
  } catch (const Error& error) {
    // A transaction that is rolled back takes its settings along.
    lock_timeout_.reset();
    statement_timeout_.reset();
    const Place place = work.migration->place_in(*work.statement, error.sql_offset().value_or(0));
    if (error.code() == Code::kCancelled && stop_.requested())
      throw Error(Code::kInterrupted, work.label() + " was cancelled")
          .at(place)
          .hint("the same command starts it again");
    throw Error(error).at(place);
  }
}

// Now that the statement does not wait any more: who holds a lock, whatever lock, on tables of these names.
std::vector<db::SessionInfo> Executor::holders() {
  std::vector<db::SessionInfo> found;
  const auto tables = last_.statement ? tables_of(last_.statement->text, database_.dialect()) : std::nullopt;
  if (!tables || !connection_ || connection_->broken() || connection_->in_transaction()) return found;
  try {
    for (const auto& table : *tables) {
      for (auto& one : connection_->holders_of(database_.dialect().quote(table))) found.push_back(std::move(one));
    }
  } catch (const Error&) {
    // What is told is the lock timeout; who was in the way stays unknown.
  }
  return found;
}

Error Executor::still_locked(const Error& error, int attempts, Milliseconds spent) {
  if (error.code() != Code::kLockTimeout && error.code() != Code::kBusy) return error;
  const std::string tried = fmt::format("{} attempts in {}", attempts, human_duration(spent));
  const auto seen = watch_ ? watch_->blockers() : std::vector<db::SessionInfo>();
  const auto now = seen.empty() ? holders() : std::vector<db::SessionInfo>();
  if (seen.empty() && now.empty()) {
    return Error(error).hint(
        fmt::format("another session kept the lock during {}: find it in the server's list of sessions, or try again "
                    "later; nothing of this was done",
                    tried));
  }
  std::string names;
  for (const auto& one : seen) names += "\n  held by " + describe(one);
  for (const auto& one : now) names += "\n  has a lock on the table now: " + describe(one);
  return Error(Error(error.code(), error.message() + names))
      .facts(error.facts())
      .next(error.next())
      .hint(fmt::format(
          "gave up after {}; nothing of this was done. End that session's transaction, or try again later", tried));
}

void Executor::with_retries(const std::function<void()>& act) {
  backfill::Backoff backoff;
  Milliseconds spent{0};
  for (int attempts = 1;; ++attempts) {
    try {
      return act();
    } catch (const Error& error) {
      if (error.next() != Next::kRetry) throw;
      if (stop_.requested()) throw Error(Code::kInterrupted, "stopped while waiting for a lock; nothing was changed");
      spent += last_lock_timeout_;
      if (spent >= config_.lock_budget) {
        Error last = still_locked(error, attempts, spent);
        throw error.place() ? std::move(last).at(*error.place()) : last;
      }
      const auto paused = clock_.now();
      backoff.wait(clock_, stop_);
      spent += std::chrono::duration_cast<Milliseconds>(clock_.now() - paused);
    }
  }
}

void Executor::in_transaction(ledger::Ledger& ledger, const std::function<void(ledger::Ledger&)>& body,
                              const std::function<bool(ledger::Ledger&)>& happened) {
  auto inside = ledger.over(connection());
  // A transaction that is rolled back takes its settings along.
  struct Forget {
    Executor& executor;
    bool committed = false;
    ~Forget() {
      if (!committed) executor.lock_timeout_ = executor.statement_timeout_ = std::nullopt;
    }
  } settings{*this};
  try {
    db::Transaction transaction(*connection_);
    body(inside);
    sync_point(SyncPoint::kApplyBeforeCommit);
    transaction.commit();
    sync_point(SyncPoint::kApplyCommitted);
    settings.committed = true;
  } catch (const Error& error) {
    if (error.next() != Next::kReconnect) throw;
    reconnect();
    auto look = ledger.over(connection());
    if (!happened(look)) throw;
  }
}

}  // namespace weir::migrate
