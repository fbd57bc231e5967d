#include "engines/mysql/connection.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "engines/mysql/batch.hpp"
#include "engines/mysql/batch_text.hpp"
#include "engines/mysql/catalogue.hpp"
#include "engines/mysql/explain.hpp"
#include "engines/mysql/results.hpp"

namespace weir::engines::mysql {
namespace {

// A statement that the servers cannot prepare.
constexpr unsigned kNotPreparable = 1295;
constexpr std::int64_t kForEver = 31'536'000;  // a year: the most that lock_wait_timeout takes

std::int64_t whole_seconds(Milliseconds timeout) {
  if (timeout.count() <= 0) return kForEver;
  return std::min<std::int64_t>((timeout.count() + 999) / 1000, kForEver);
}

// Where a result names its columns.
std::optional<std::size_t> column_of(const db::Result& result, std::string_view name) {
  for (std::size_t i = 0; i < result.columns.size(); ++i) {
    if (equals_icase(result.columns[i], name)) return i;
  }
  return std::nullopt;
}

std::optional<double> number_in(const db::Result& result, std::string_view column) {
  const auto at = column_of(result, column);
  if (!at || result.rows.empty() || db::is_null(result.rows[0][*at])) return std::nullopt;
  const db::Value& value = result.rows[0][*at];
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto integer = parse_integer(db::as_text(value))) return static_cast<double>(*integer);
  const db::Value as_number = to_value(ValueKind::kFloat, db::as_text(value));
  const auto* number = std::get_if<double>(&as_number);
  return number ? std::optional(*number) : std::nullopt;
}

}  // namespace

Error commit_error(const Failure& failure) {
  const Error error = to_error(failure, "");
  if (error.code() == Code::kDeadlock) return error;
  return Error(Code::kConnectionLost, fmt::format("COMMIT failed: {}", error.message()))
      .next(Next::kReconnect)
      .facts(error.facts());
}

Connection::Connection(Session session, const Conninfo& info)
    : handle_(std::move(session.handle)),
      server_(std::move(session.server)),
      info_(info),
      id_(mysql_thread_id(handle_.get())) {}

void Connection::close() noexcept {
  prepared_.clear();
  handle_.reset();
}

void Connection::fail(const Failure& failure, std::string_view sql) {
  Error error = to_error(failure, sql);
  if (error.code() == Code::kConnectionLost) close();
  throw error;
}

db::Result Connection::execute(const db::Statement& statement) {
  for (bool again = false;; again = true) {
    if (broken()) fail(failure_of(handle()), "");
    auto& prepared = prepared_[statement.sql];
    std::optional<Failure> failure;
    if (!prepared) {
      auto fresh = std::make_unique<Prepared>(handle(), statement.sql);
      if ((failure = fresh->prepare())) fail(*failure, statement.sql);
      prepared = std::move(fresh);
    }
    db::Result result;
    failure = prepared->run(statement.params, result);
    if (!failure) return result;
    prepared_.erase(statement.sql);
    if (again || !is_stale_statement(*failure)) fail(*failure, statement.sql);
  }
}

db::Result Connection::query(const std::string& sql, const db::Row& params) {
  if (broken()) fail(failure_of(handle()), "");
  Prepared once(handle(), sql);
  if (const auto failure = once.prepare()) fail(*failure, sql);
  db::Result result;
  if (const auto failure = once.run(params, result)) fail(*failure, sql);
  return result;
}

void Connection::run(std::string_view sql) {
  if (broken() || mysql_real_query(handle(), sql.data(), sql.size()) != 0) fail(failure_of(handle()), sql);
  take_results(sql);
}

// Reads everything that the server answers, so that the connection is free for the next statement.
db::Result Connection::take_results(std::string_view sql) {
  db::Result taken;
  for (bool first = true;; first = false) {
    const ResultHandle result(mysql_store_result(handle()));
    if (!result && mysql_field_count(handle()) != 0) fail(failure_of(handle()), sql);
    if (result && taken.columns.empty()) {
      taken.columns = column_names(result.get());
      taken.rows = rows_of(result.get());
      taken.affected = changed_rows(sql, taken.rows.size());
    } else if (!result && first) {
      taken.affected = static_cast<std::int64_t>(mysql_affected_rows(handle()));
    }
    const int next = mysql_next_result(handle());
    if (next > 0) fail(failure_of(handle()), sql);
    if (next < 0) return taken;
  }
}

std::int64_t Connection::execute_each(const sql::Template& statement, const std::vector<db::Row>& values) {
  constexpr std::size_t kMostBytes = 256 * 1024;  // far below any max_allowed_packet; a larger statement goes alone
  const BatchText text(statement, {});
  allow_several_statements();
  std::int64_t affected = 0;
  std::string sql, one;
  for (const auto& row : values) {
    one.clear();
    text.append_to(one, row);
    if (!sql.empty() && sql.size() + one.size() > kMostBytes) {
      affected += run_several(sql);
      sql.clear();
    }
    if (!sql.empty()) sql += "\n;\n";
    sql += one;
  }
  return sql.empty() ? affected : affected + run_several(sql);
}

// Nothing of the text goes into a message: it holds values.
std::int64_t Connection::run_several(const std::string& sql) {
  if (broken() || mysql_real_query(handle(), sql.data(), sql.size()) != 0) fail(failure_of(handle()), "");
  for (std::int64_t affected = 0;;) {
    const ResultHandle result(mysql_store_result(handle()));
    if (!result && mysql_field_count(handle()) != 0) fail(failure_of(handle()), "");
    if (!result) affected += static_cast<std::int64_t>(mysql_affected_rows(handle()));
    const int next = mysql_next_result(handle());
    if (next > 0) fail(failure_of(handle()), "");
    if (next < 0) return affected;
  }
}

db::Result Connection::execute_text(const std::string& sql) {
  if (broken() || mysql_real_query(handle(), sql.data(), sql.size()) != 0) fail(failure_of(handle()), sql);
  return take_results(sql);
}

void Connection::check(const std::string& sql) {
  if (broken()) fail(failure_of(handle()), "");
  Prepared once(handle(), sql);
  const auto failure = once.prepare();
  if (failure && failure->number != kNotPreparable) fail(*failure, sql);
}

void Connection::begin() {
  if (in_transaction()) throw Error(Code::kInternal, "a transaction is open already");
  run("START TRANSACTION");
}

void Connection::commit() {
  if (!broken() && !in_transaction()) throw Error(Code::kInternal, "there is no transaction to commit");
  constexpr std::string_view kCommit = "COMMIT";
  if (!broken() && mysql_real_query(handle(), kCommit.data(), kCommit.size()) == 0) return;
  const Failure failure = failure_of(handle());
  Error error = commit_error(failure);
  if (to_error(failure, "").code() == Code::kConnectionLost) close();
  throw error;
}

void Connection::rollback() noexcept {
  if (broken() || !in_transaction()) return;
  constexpr std::string_view kRollback = "ROLLBACK";
  if (mysql_real_query(handle(), kRollback.data(), kRollback.size()) != 0) close();
}

bool Connection::in_transaction() const { return handle_ && (handle_->server_status & SERVER_STATUS_IN_TRANS) != 0; }

std::unique_ptr<db::BatchProgram> Connection::compile(const db::BatchSource& source) {
  return compile_batch(*this, source);
}

void Connection::allow_several_statements() {
  if (several_statements_) return;
  if (broken() || mysql_set_server_option(handle(), MYSQL_OPTION_MULTI_STATEMENTS_ON) != 0) {
    fail(failure_of(handle()), "");
  }
  several_statements_ = true;
}

std::optional<sql::TableName> Connection::find_table(std::string_view as_written) {
  return mysql::find_table(*this, as_written);
}

std::optional<db::TableInfo> Connection::describe_table(std::string_view as_written) {
  return mysql::describe_table(*this, as_written);
}

// The rows that the first table of the plan is read for, times the share that its condition leaves.
std::optional<std::int64_t> Connection::planned_rows(const db::Statement& statement) {
  const auto plan = query((server_.mariadb ? "EXPLAIN EXTENDED " : "EXPLAIN ") + statement.sql, statement.params);
  const auto rows = number_in(plan, "rows");
  if (plan.rows.size() != 1 || !rows) return std::nullopt;
  return static_cast<std::int64_t>(*rows * number_in(plan, "filtered").value_or(100.0) / 100.0);
}

std::optional<db::Plan> Connection::explain(const db::PlanRequest& request) { return mysql::explain(*this, request); }

void Connection::set_lock_timeout(Milliseconds timeout) {
  const auto seconds = whole_seconds(timeout);
  run(fmt::format("SET lock_wait_timeout = {0}, innodb_lock_wait_timeout = {0}", seconds));
}

void Connection::set_statement_timeout(Milliseconds timeout) {
  const auto milliseconds = timeout.count();
  if (server_.has("max_statement_time")) {
    run(fmt::format("SET max_statement_time = {}.{:03}", milliseconds / 1000, milliseconds % 1000));
  } else if (server_.has("max_execution_time")) {
    run(fmt::format("SET max_execution_time = {}", milliseconds));
  }
}

void Connection::cancel() noexcept {
  try {
    const ConnectionHandle other = open_connection(info_);
    const std::string sql = fmt::format("KILL QUERY {}", id_);
    mysql_real_query(other.get(), sql.data(), sql.size());
  } catch (const std::exception&) {
    // Nothing can be done: the statement ends by itself.
  }
}

}  // namespace weir::engines::mysql
