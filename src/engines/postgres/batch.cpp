#include "engines/postgres/batch.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"
#include "engines/postgres/batch_sql.hpp"
#include "engines/postgres/batch_step.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/errors.hpp"
#include "engines/postgres/plan_choice.hpp"
#include "engines/postgres/results.hpp"

namespace weir::engines::postgres {
namespace {

std::string label_of(const db::BatchSource& source, std::size_t index) {
  const std::size_t count = source.changes.size();
  return count > 1 ? fmt::format("statement {} of {}", index + 1, count) : "";
}

class Program final : public db::BatchProgram {
 public:
  Program(Connection& connection, const db::BatchSource& source)
      : connection_(connection),
        checkpoint_(checkpoint_alone(source, connection.fence_mark()), ""),
        boundaries_(BatchStatement{source.boundaries.render(), 0, 0}, ""),
        plans_(connection, source.changes.size() == 1 ? target_of(source.changes[0].text()) : "") {
    for (std::size_t i = 0; i < source.changes.size(); ++i) {
      changes_.emplace_back(change_alone(source, i), label_of(source, i));
    }
    for (const auto& own : source.before) before_.emplace_back(BatchStatement{own.render(), 0, 0}, "");
    for (const auto& own : source.after) after_.emplace_back(BatchStatement{own.render(), 0, 0}, "");
    prepare();
    put_together(source);
  }

  db::BatchResult run(const db::Bindings& bindings, db::LookAhead look_ahead) override {
    if (connection_.in_transaction()) throw Error(Code::kInternal, "a batch needs a connection without a transaction");
    if (generation_ != connection_.generation()) prepare();
    // Everything that can fail here does so before a byte is sent.
    for (auto* const steps : {&before_, &changes_, &after_}) {
      for (auto& step : *steps) step.bind(bindings, 0);
    }
    if (together_) together_->bind(bindings, 0);
    checkpoint_.bind(bindings, 0);
    boundaries_.bind(bindings, 0);
    plans_.prefer_generic({&changes_.back(), &boundaries_});
    if (connection_.broken() || PQenterPipelineMode(connection_.handle()) != 1) connection_.fail(nullptr, "");
    sent_.clear();
    try {
      return together_ ? execute_together(look_ahead) : execute_apart(bindings, look_ahead);
    } catch (...) {
      clean_up();
      throw;
    }
  }

 private:
  // What was sent and is not answered yet; the step is null for BEGIN and COMMIT.
  struct Sent {
    const Step* step;
    ResultHandle answer;
  };

  void prepare() {
    // Read first: preparing a step may not change it, but must not hide a change either.
    generation_ = connection_.generation();
    begin_ = connection_.prepare("BEGIN");
    commit_ = connection_.prepare("COMMIT");
    for (auto* const steps : {&before_, &changes_, &after_}) {
      for (auto& step : *steps) step.prepare(connection_);
    }
    checkpoint_.prepare(connection_);
    boundaries_.prepare(connection_);
    if (together_) together_->prepare(connection_);
  }

  // The last change and the checkpoint as one function: the number of changed rows need not come here first. Where the
  // server refuses it (who runs this may not create temporary objects, for example) they stay apart.
  void put_together(const db::BatchSource& source) {
    auto body = change_with_checkpoint(source, connection_.fence_mark());
    const Step::Description change = changes_.back().describe(connection_);
    if (!body || change.returns_rows) return;
    std::vector<std::string> types = change.types;
    const auto of_checkpoint = checkpoint_.describe(connection_).types;
    for (std::size_t i = 0; i < of_checkpoint.size(); ++i) {
      if (checkpoint_.names()[i] != db::kRowsPlaceholder) types.push_back(of_checkpoint[i]);
    }
    try {
      const std::string& function = connection_.define(types, body->text);
      Step step(call_of(function, std::move(body->names)), label_of(source, source.changes.size() - 1));
      step.prepare(connection_);
      together_ = std::move(step);
    } catch (const Error& error) {
      if (error.is_transient() || connection_.broken()) throw;
    }
  }

  db::BatchResult execute_together(db::LookAhead look_ahead) {
    send(begin_, kNoParameters, nullptr);
    for (const auto& own : before_) send(own);
    for (std::size_t i = 0; i + 1 < changes_.size(); ++i) send(changes_[i]);
    send(*together_);
    const std::size_t counted = sent_.size() - 1;
    db::BatchResult result;
    result.boundaries = commit(look_ahead);
    result.rows = parse_integer(PQgetvalue(sent_[counted].answer.get(), 0, 0)).value_or(0);
    return result;
  }

  db::BatchResult execute_apart(const db::Bindings& bindings, db::LookAhead look_ahead) {
    send(begin_, kNoParameters, nullptr);
    for (const auto& own : before_) send(own);
    for (const auto& change : changes_) send(change);
    if (const Sent* failed = receive()) report(*failed);
    db::BatchResult result;
    result.rows = tag_count(sent_.back().answer.get());
    sent_.clear();
    checkpoint_.bind(bindings, result.rows);
    send(checkpoint_);
    result.boundaries = commit(look_ahead);
    return result;
  }

  std::vector<db::Row> commit(db::LookAhead look_ahead) {
    for (const auto& own : after_) send(own);
    send(commit_, kNoParameters, nullptr);
    if (look_ahead == db::LookAhead::kYes) send(boundaries_);
    const Sent* failed = receive();
    if (failed && !(failed->step == &boundaries_ && is_stale_plan(failed->answer.get()))) report(*failed);
    if (PQexitPipelineMode(connection_.handle()) != 1) connection_.fail(nullptr, "");
    if (failed) return look_ahead_anew();
    return look_ahead == db::LookAhead::kYes ? rows_of(sent_.back().answer.get()) : std::vector<db::Row>();
  }

  // The batch is committed, only the boundary's plan was out of date (DDL changed a type): one more round trip.
  std::vector<db::Row> look_ahead_anew() {
    try {
      connection_.forget_statements();
      prepare();
      const auto& parameters = boundaries_.parameters();
      const ResultHandle answer(PQexecPrepared(connection_.handle(), boundaries_.name().c_str(), parameters.count(),
                                               parameters.values(), nullptr, nullptr, 0));
      if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) connection_.fail(answer.get(), "");
      return rows_of(answer.get());
    } catch (const Error& error) {
      throw without_offset(error).next(Next::kReconnect);
    }
  }

  // Queues a prepared statement. Whether that failed is told by the answers, or the connection is dead.
  void send(const std::string& name, const Parameters& parameters, const Step* step) {
    PQsendQueryPrepared(connection_.handle(), name.c_str(), parameters.count(), parameters.values(), nullptr, nullptr,
                        0);
    sent_.push_back({step, nullptr});
  }
  void send(const Step& step) { send(step.name(), step.parameters(), &step); }

  // Flushes what was sent and reads all answers up to the Sync. The first that is an error, or null.
  const Sent* receive() {
    PGconn* const handle = connection_.handle();
    if (PQpipelineSync(handle) != 1) connection_.fail(nullptr, "");
    sync_point(SyncPoint::kBatchSent);
    const Sent* failed = nullptr;
    for (auto& sent : sent_) {
      sent.answer.reset(PQgetResult(handle));
      const auto status = PQresultStatus(sent.answer.get());
      if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !failed) failed = &sent;
      if (PQstatus(handle) == CONNECTION_BAD) break;
      while (const ResultHandle rest{PQgetResult(handle)}) {
        if (PQresultStatus(rest.get()) == PGRES_FATAL_ERROR && PQstatus(handle) == CONNECTION_BAD) break;
      }
    }
    const bool synced = PQstatus(handle) == CONNECTION_OK &&
                        PQresultStatus(ResultHandle(PQgetResult(handle)).get()) == PGRES_PIPELINE_SYNC;
    if (!failed && !synced) connection_.fail(nullptr, "");
    return failed;
  }

  [[noreturn]] void report(const Sent& failed) {
    const PGresult* answer = failed.answer.get();
    const char* primary = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const std::string message = primary ? primary : "";
    const bool stale = is_stale_plan(answer);
    try {
      connection_.fail(answer, failed.step ? failed.step->sql() : "");
    } catch (const Error& error) {
      if (is_fence_error(error, message, connection_.fence_mark())) {
        throw Error(Code::kLeaseLost, "another worker took this slice over; nothing of the batch was committed");
      }
      Error translated = failed.step ? failed.step->in_the_users_words(error) : without_offset(error);
      stale_ = stale;
      if (stale) translated = Error(translated).next(Next::kRetry);
      // COMMIT had succeeded: only a look at the ledger tells where the slice stands.
      if (failed.step == &boundaries_) translated = Error(translated).next(Next::kReconnect);
      throw translated;
    }
  }

  // Leaves the connection usable and without a transaction, or closed.
  void clean_up() noexcept {
    if (connection_.broken()) return connection_.close();
    if (PQpipelineStatus(connection_.handle()) != PQ_PIPELINE_OFF && PQexitPipelineMode(connection_.handle()) != 1) {
      return connection_.close();
    }
    connection_.rollback();
    if (!stale_) return;
    stale_ = false;
    try {
      connection_.forget_statements();
    } catch (const Error&) {
      connection_.close();
    }
  }

  inline static const Parameters kNoParameters{std::size_t{0}};

  Connection& connection_;
  std::string begin_, commit_;  // names of prepared statements
  std::vector<Step> before_;
  std::vector<Step> changes_;
  std::vector<Step> after_;
  Step checkpoint_;
  std::optional<Step> together_;  // the last change and the checkpoint
  Step boundaries_;
  PlanChoice plans_;
  bool stale_ = false;  // the last error is healed by preparing anew
  std::uint64_t generation_ = 0;
  std::vector<Sent> sent_;
};

}  // namespace

std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source) {
  if (source.changes.empty()) throw Error(Code::kInternal, "a batch needs at least one change");
  if (connection.in_transaction()) throw Error(Code::kInternal, "a batch needs a connection without a transaction");
  for (const auto& change : source.changes) refuse_unfit_change(change);
  return std::make_unique<Program>(connection, source);
}

}  // namespace weir::engines::postgres
