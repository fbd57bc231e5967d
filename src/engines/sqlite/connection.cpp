#include "engines/sqlite/connection.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "engines/sqlite/batch.hpp"
#include "engines/sqlite/catalogue.hpp"
#include "engines/sqlite/errors.hpp"
#include "engines/sqlite/explain.hpp"

namespace weir::engines::sqlite {
namespace {

constexpr int kStepsBetweenDeadlineChecks = 10'000;

constexpr Milliseconds kBusyTimeout{5000};
constexpr Milliseconds kADay{86'400'000};

int to_int(Milliseconds time) { return static_cast<int>(std::min(time, kADay).count()); }

// Only what may be written must exist already: a worker or a reader never makes a new, empty database out of a misspelt
// path.
int open_flags(db::Purpose purpose) {
  return SQLITE_OPEN_READWRITE | (purpose == db::Purpose::kControl ? SQLITE_OPEN_CREATE : 0);
}

}  // namespace

Connection::Connection(const OpenOptions& options, db::Purpose purpose)
    : least_wait_(options.busy_timeout.value_or(Milliseconds(0))), purpose_(purpose) {
  open(options, purpose);
  apply_settings(options, purpose);
}

Connection::~Connection() { cache_.clear(); }

void Connection::open(const OpenOptions& options, db::Purpose purpose) {
  sqlite3* raw = nullptr;
  const int rc = sqlite3_open_v2(options.path.c_str(), &raw, open_flags(purpose), nullptr);
  handle_.reset(raw);
  if (rc == SQLITE_OK) return;
  Error error = raw != nullptr ? make_error(raw) : Error(Code::kCannotConnect, "out of memory");
  throw std::move(error).context(fmt::format("cannot open {}", options.path));
}

void Connection::apply_settings(const OpenOptions& options, db::Purpose purpose) {
  sqlite3_extended_result_codes(handle_.get(), 1);
  set_busy_timeout(options.busy_timeout.value_or(kBusyTimeout));
  try {
    // The first statement that reads the file; a file that is no database is found out here.
    const auto mode = execute_text("PRAGMA journal_mode");
    if (options.foreign_keys) execute_text("PRAGMA foreign_keys = ON");
    if (purpose == db::Purpose::kRead) execute_text("PRAGMA query_only = ON");
    // In WAL mode a power cut may take the last commits with NORMAL, never a part of one: rows and cursor go together.
    // Source: https://www.sqlite.org/pragma.html#pragma_synchronous
    wal_ = !mode.rows.empty() && db::as_text(mode.rows[0][0]) == "wal";
    if (purpose == db::Purpose::kWorker && wal_) execute_text("PRAGMA synchronous = NORMAL");
  } catch (Error& error) {
    throw std::move(error).context(fmt::format("cannot open {}", options.path));
  }
}

Prepared& Connection::prepared(const std::string& sql) {
  const auto found = cache_.find(sql);
  if (found != cache_.end()) return found->second;
  return cache_.emplace(sql, Prepared(handle_.get(), sql)).first->second;
}

int Connection::past_deadline(void* self) {
  auto& connection = *static_cast<Connection*>(self);
  connection.timed_out_ = std::chrono::steady_clock::now() > connection.deadline_;
  return connection.timed_out_ ? 1 : 0;
}

db::Result Connection::timed(Prepared& statement, const db::Row& params) {
  if (statement_timeout_.count() == 0) return statement.run(params);
  struct Handler {
    sqlite3* handle;
    ~Handler() { sqlite3_progress_handler(handle, 0, nullptr, nullptr); }
  } const handler{handle_.get()};
  deadline_ = std::chrono::steady_clock::now() + statement_timeout_;
  timed_out_ = false;
  sqlite3_progress_handler(handle_.get(), kStepsBetweenDeadlineChecks, &Connection::past_deadline, this);
  try {
    return statement.run(params);
  } catch (const Error&) {
    if (timed_out_)
      throw Error(Code::kTimeout, fmt::format("the statement took longer than {} ms", statement_timeout_.count()));
    throw;
  }
}

db::Result Connection::execute(const db::Statement& statement) {
  return timed(prepared(statement.sql), statement.params);
}

db::Result Connection::execute_text(const std::string& sql) {
  Prepared statement(handle_.get(), sql);
  return timed(statement, {});
}

void Connection::check(const std::string& sql) { const Prepared statement(handle_.get(), sql); }

void Connection::begin() { prepared(purpose_ == db::Purpose::kRead ? "BEGIN" : "BEGIN IMMEDIATE").run({}); }

void Connection::commit() { prepared("COMMIT").run({}); }

void Connection::rollback() noexcept {
  // Some errors (disk full, I/O) roll back by themselves; a second ROLLBACK would be an error of its own.
  if (in_transaction()) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::unique_ptr<db::BatchProgram> Connection::compile(const db::BatchSource& source) {
  return compile_batch(*this, source);
}

std::optional<db::Plan> Connection::explain(const db::PlanRequest& request) { return sqlite::explain(*this, request); }

std::optional<sql::TableName> Connection::find_table(std::string_view as_written) {
  return sqlite::find_table(*this, as_written);
}

std::optional<db::TableInfo> Connection::describe_table(std::string_view as_written) {
  return sqlite::describe_table(*this, as_written);
}

void Connection::set_lock_timeout(Milliseconds timeout) {
  // SQLite knows no endless waiting; a day is as good.
  const Milliseconds wanted = timeout.count() == 0 ? kADay : timeout;
  set_busy_timeout(std::max(wanted, least_wait_));
}

// What weir writes to its ledger (a pause, a tuned limit) is short and awaited: it asks more often than SQLite's own
// handler, because a run leaves room for a moment only. Batches do not: they would be heard before the application.
void Connection::set_busy_timeout(Milliseconds timeout) {
  busy_timeout_ = timeout;
  if (purpose_ == db::Purpose::kControl)
    sqlite3_busy_handler(handle_.get(), &Connection::ask_again, this);
  else
    sqlite3_busy_timeout(handle_.get(), to_int(timeout));
}

int Connection::ask_again(void* self, int times) {
  constexpr Milliseconds kPoll{1};
  auto& connection = *static_cast<Connection*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (times == 0) connection.busy_since_ = now;
  if (now - connection.busy_since_ >= connection.busy_timeout_) return 0;
  sqlite3_sleep(static_cast<int>(kPoll.count()));
  return 1;
}

std::optional<std::int64_t> Connection::version_by_others() {
  if (!wal_) return std::nullopt;
  return db::as_integer(prepared("PRAGMA data_version").run({}).rows.at(0).at(0));
}

}  // namespace weir::engines::sqlite
