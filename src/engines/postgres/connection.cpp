#include "engines/postgres/connection.hpp"

#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/postgres/batch.hpp"
#include "engines/postgres/batch_sql.hpp"
#include "engines/postgres/catalogue.hpp"
#include "engines/postgres/copy.hpp"
#include "engines/postgres/each.hpp"
#include "engines/postgres/effects.hpp"
#include "engines/postgres/errors.hpp"
#include "engines/postgres/explain.hpp"
#include "engines/postgres/parameters.hpp"
#include "engines/postgres/physical_order.hpp"
#include "engines/postgres/results.hpp"
#include "engines/postgres/sample.hpp"

namespace weir::engines::postgres {

Connection::Connection(ConnectionHandle connection)
    : connection_(std::move(connection)), cancel_(PQgetCancel(connection_.get())), fence_mark_(make_fence_mark()) {}

void Connection::fail(const PGresult* result, std::string_view sql) {
  Error error = error_of(connection_.get(), result, sql);
  if (error.code() == Code::kConnectionLost) close();
  throw error;
}

db::Result Connection::take(ResultHandle result, std::string_view sql) {
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) fail(result.get(), sql);
  return to_result(result.get());
}

const std::string& Connection::prepare(const std::string& sql) {
  std::string& known = prepared_[sql];
  if (!known.empty()) return known;
  const std::string name = fmt::format("weir_{}", ++names_);
  const ResultHandle result(PQprepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(result.get(), sql);
  known = name;
  return known;
}

const std::string& Connection::define(const std::vector<std::string>& types, const std::string& body) {
  const std::unique_ptr<char, decltype(PQfreemem)> literal(PQescapeLiteral(handle(), body.data(), body.size()),
                                                           PQfreemem);
  if (!literal) fail(nullptr, "");
  const std::string definition =
      fmt::format("({}) RETURNS bigint LANGUAGE plpgsql AS {}", fmt::join(types, ", "), literal.get());
  if (const auto known = functions_.find(definition); known != functions_.end()) return known->second;
  const std::string name = fmt::format("pg_temp.weir_batch_{}", ++names_);
  query(fmt::format("CREATE FUNCTION {}{}", name, definition));
  return functions_.emplace(definition, name).first->second;
}

void Connection::forget_statements() {
  prepared_.clear();
  ++generation_;
  run("DEALLOCATE ALL");
}

ResultHandle Connection::send(const std::string& sql, const Parameters& params) {
  return ResultHandle(
      PQexecParams(connection_.get(), sql.c_str(), params.count(), nullptr, params.values(), nullptr, nullptr, 0));
}

ResultHandle Connection::send(const db::Statement& statement) {
  const Parameters params(statement.params);
  // Most texts are executed once; preparing them would be a round trip more.
  if (prepared_.emplace(statement.sql, "").second) return send(statement.sql, params);
  const auto send_prepared = [&] {
    const std::string& name = prepare(statement.sql);
    return ResultHandle(
        PQexecPrepared(connection_.get(), name.c_str(), params.count(), params.values(), nullptr, nullptr, 0));
  };
  ResultHandle result = send_prepared();
  if (is_stale_plan(result.get()) && !in_transaction()) {
    forget_statements();
    result = send_prepared();
  }
  return result;
}

db::Result Connection::execute(const db::Statement& statement) { return take(send(statement), statement.sql); }

std::vector<db::Row> Connection::read_values(const db::Statement& query) {
  const ResultHandle result = send(query);
  if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) return values_of(result.get());
  try {
    fail(result.get(), query.sql);
  } catch (const Error& error) {
    // In a transaction it cannot be healed: outside of the next one it is.
    throw is_stale_plan(result.get()) ? Error(error).next(Next::kRetry) : error;
  }
}

std::int64_t Connection::execute_each(const sql::Template& statement, const std::vector<db::Row>& values) {
  return postgres::execute_each(*this, statement.render().sql, values);
}

db::Result Connection::query(const std::string& sql, const db::Row& params) {
  return take(send(sql, Parameters(params)), sql);
}

// The extended protocol takes one statement only: the server itself guards against a text that was split wrongly,
// which the simple protocol would run as one implicit transaction.
db::Result Connection::execute_text(const std::string& sql) {
  const CopyText parts = split_copy(sql);
  const std::string command(parts.command);
  ResultHandle result(PQexecParams(connection_.get(), command.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0));
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) refuse_copy_out(*this);
  if (status == PGRES_COPY_IN) result = copy_in(*this, parts.data);
  note_command(result.get());
  return take(std::move(result), sql);
}

// What a user's statement did to the session behind our back.
void Connection::note_command(PGresult* result) {
  const std::string_view tag = result ? PQcmdStatus(result) : "";
  if (tag == "DISCARD ALL" || tag == "DEALLOCATE ALL") {
    prepared_.clear();
    if (tag == "DISCARD ALL") functions_.clear();
    ++generation_;
  }
}

// The unnamed statement: the next one replaces it, so nothing has to be deallocated.
void Connection::check(const std::string& sql) {
  if (PQtransactionStatus(connection_.get()) == PQTRANS_INERROR) {
    throw Error(Code::kInternal, "a statement cannot be checked inside a failed transaction");
  }
  const std::string command(split_copy(sql).command);
  const ResultHandle result(PQprepare(connection_.get(), "", command.c_str(), 0, nullptr));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(result.get(), sql);
}

void Connection::run(const char* sql) {
  const ResultHandle result(PQexec(connection_.get(), sql));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(result.get(), "");
}

void Connection::begin() {
  if (in_transaction()) throw Error(Code::kInternal, "a transaction is open already");
  run("BEGIN");
}

void Connection::commit() {
  if (connection_ && !in_transaction()) throw Error(Code::kInternal, "there is no transaction to commit");
  const ResultHandle result(PQexec(connection_.get(), "COMMIT"));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) fail(result.get(), "");
  // The server answers a COMMIT of a failed transaction with ROLLBACK and calls it a success.
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    throw Error(Code::kDatabase, "a statement of the transaction had failed; the transaction was rolled back");
  }
}

void Connection::rollback() noexcept {
  if (!in_transaction()) return;
  const ResultHandle result(PQexec(connection_.get(), "ROLLBACK"));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) close();
}

bool Connection::in_transaction() const {
  const auto status = PQtransactionStatus(connection_.get());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool Connection::broken() const { return PQstatus(connection_.get()) == CONNECTION_BAD; }

std::unique_ptr<db::BatchProgram> Connection::compile(const db::BatchSource& source) {
  return compile_batch(*this, source);
}

std::vector<db::Row> Connection::sample_keys(const sql::TableName& table, const std::vector<std::string>& key,
                                             std::int64_t count) {
  return postgres::sample_keys(*this, table, key, count);
}

std::optional<db::PhysicalOrder> Connection::physical_order(const sql::TableName& table) {
  return postgres::physical_order(*this, table);
}

db::Value Connection::place_now(const sql::TableName& table, const db::Value& place) {
  return postgres::place_now(*this, table, place);
}

std::optional<sql::TableName> Connection::find_table(std::string_view as_written) {
  return postgres::find_table(*this, as_written);
}

std::optional<db::TableInfo> Connection::describe_table(std::string_view as_written) {
  return postgres::describe_table(*this, as_written);
}

// Seq Scan on users  (cost=0.00..165.00 rows=9500 width=0)
std::optional<std::int64_t> Connection::planned_rows(const db::Statement& statement) {
  const auto plan = query("EXPLAIN " + statement.sql, statement.params);
  const std::string top = plan.rows.empty() ? "" : db::as_text(plan.rows[0].at(0));
  constexpr std::string_view kRows = " rows=";
  const auto at = top.rfind(kRows);
  if (at == std::string::npos) return std::nullopt;
  return parse_integer(top.substr(at + kRows.size(), top.find(' ', at + 1) - at - kRows.size()));
}

std::optional<db::Plan> Connection::explain(const db::PlanRequest& request) {
  return postgres::explain(*this, request);
}

std::optional<std::int64_t> Connection::log_position() {
  const auto answer = query("SELECT CAST(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS bigint)");
  return db::as_integer(answer.rows.at(0).at(0));
}

std::string Connection::look(const std::string& statement) { return postgres::look(*this, statement); }

db::Effect Connection::effect_of(const std::string& statement, const std::string& before) {
  return postgres::effect_of(*this, statement, before);
}

void Connection::remove_remains(const std::string& statement, const std::string& before) {
  postgres::remove_remains(*this, statement, before);
}

void Connection::set_lock_timeout(Milliseconds timeout) {
  run(fmt::format("SET lock_timeout = {}", timeout.count()).c_str());
}

void Connection::set_statement_timeout(Milliseconds timeout) {
  run(fmt::format("SET statement_timeout = {}", timeout.count()).c_str());
}

void Connection::set_plan_mode(PlanMode mode) {
  if (mode == plan_mode_) return;
  run(mode == PlanMode::kGeneric ? "SET plan_cache_mode = force_generic_plan" : "RESET plan_cache_mode");
  plan_mode_ = mode;
}

void Connection::cancel() noexcept {
  std::array<char, 256> reason{};
  if (cancel_) PQcancel(cancel_.get(), reason.data(), static_cast<int>(reason.size()));
}

}  // namespace weir::engines::postgres
