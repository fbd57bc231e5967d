#include "engines/postgres/batch.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/postgres/batch_sql.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/errors.hpp"
#include "engines/postgres/parameters.hpp"
#include "engines/postgres/results.hpp"

namespace weir::engines::postgres {
namespace {

constexpr std::size_t kNoBinding = static_cast<std::size_t>(-1);

// One statement of the pipeline, ready to be sent again and again without building anything.
class Step {
 public:
  Step(BatchStatement statement, std::string label)
      : statement_(std::move(statement)),
        label_(std::move(label)),
        positions_(statement_.rendered.names.size(), kNoBinding),
        parameters_(statement_.rendered.names.size()) {}

  void prepare(Connection& connection) {
    try {
      name_ = connection.prepare(statement_.rendered.sql);
    } catch (const Error& error) {
      throw in_the_users_words(error);
    }
  }

  // `rows` is what db::kRowsPlaceholder stands for, if this step has it. Texts in `bindings` stay until send().
  void bind(const db::Bindings& bindings, std::int64_t rows) {
    const auto& names = statement_.rendered.names;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == db::kRowsPlaceholder) {
        parameters_.set(i, rows);
      } else {
        parameters_.set(i, binding(i, bindings));
      }
    }
  }

  const std::string& name() const { return name_; }
  const Parameters& parameters() const { return parameters_; }
  const std::string& sql() const { return statement_.rendered.sql; }

  // The offset of an error in the SQL that was sent becomes one in the change's text, or none.
  Error in_the_users_words(const Error& error) const {
    Error translated = without_offset(error);
    if (!label_.empty()) std::move(translated).context(label_);
    const auto offset = error.sql_offset() ? statement_.change_offset(*error.sql_offset()) : std::nullopt;
    // The && builders change the object and return it; nothing has moved away.  NOLINTNEXTLINE(bugprone-use-after-move)
    return offset ? std::move(translated).sql_offset(*offset) : std::move(translated);
  }

 private:
  // Callers bind the same names in the same order every time, so the place of last time is looked at first.
  const db::Value& binding(std::size_t index, const db::Bindings& bindings) {
    const auto& name = statement_.rendered.names[index];
    std::size_t& at = positions_[index];
    if (at >= bindings.size() || bindings[at].first != name) {
      const auto found = std::find_if(bindings.begin(), bindings.end(), [&](const auto& b) { return b.first == name; });
      if (found == bindings.end()) throw Error(Code::kInternal, fmt::format("no value is bound to :{}", name));
      at = static_cast<std::size_t>(found - bindings.begin());
    }
    return bindings[at].second;
  }

  BatchStatement statement_;
  std::string label_;  // what to say before an error, where there are several changes
  std::string name_;
  std::vector<std::size_t> positions_;
  Parameters parameters_;
};

class Program final : public db::BatchProgram {
 public:
  Program(Connection& connection, const db::BatchSource& source)
      : connection_(connection),
        checkpoint_(checkpoint_alone(source, connection.fence_mark()), ""),
        boundary_(BatchStatement{source.boundary.render(), 0, 0}, "") {
    for (std::size_t i = 0; i < source.changes.size(); ++i) {
      const bool several = source.changes.size() > 1;
      changes_.emplace_back(change_alone(source, i),
                            several ? fmt::format("statement {} of {}", i + 1, source.changes.size()) : "");
    }
    prepare();
    use_one_statement(source);
  }

  db::BatchResult run(const db::Bindings& bindings) override {
    if (connection_.in_transaction()) throw Error(Code::kInternal, "a batch needs a connection without a transaction");
    if (generation_ != connection_.generation()) prepare();
    // Everything that can fail here does so before a byte is sent.
    for (auto& change : changes_) change.bind(bindings, 0);
    checkpoint_.bind(bindings, 0);
    boundary_.bind(bindings, 0);
    if (connection_.broken() || PQenterPipelineMode(connection_.handle()) != 1) connection_.fail(nullptr, "");
    sent_.clear();
    try {
      return execute(bindings);
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
    for (auto& change : changes_) change.prepare(connection_);
    checkpoint_.prepare(connection_);
    boundary_.prepare(connection_);
  }

  // Where the server takes the last change as a CTE, it and the checkpoint become one statement, and the whole batch
  // one round trip. Where it refuses (tables with rules, for example) the change stays alone; it was prepared before.
  void use_one_statement(const db::BatchSource& source) {
    auto statement = change_with_checkpoint(source, connection_.fence_mark());
    if (!statement) return;
    Step step(*std::move(statement), "");
    try {
      step.prepare(connection_);
    } catch (const Error& error) {
      if (error.is_transient()) throw;
      return;
    }
    changes_.pop_back();
    checkpoint_ = std::move(step);
    one_round_trip_ = true;
  }

  db::BatchResult execute(const db::Bindings& bindings) {
    db::BatchResult result;
    send(begin_, kNoParameters, nullptr);
    for (const auto& change : changes_) send(change);
    if (!one_round_trip_) {
      if (const Sent* failed = receive()) report(*failed);
      result.rows = tag_count(sent_.back().answer.get());
      sent_.clear();
      checkpoint_.bind(bindings, result.rows);
    }
    send(checkpoint_);
    send(commit_, kNoParameters, nullptr);
    send(boundary_);
    const Sent* failed = receive();
    if (failed && !(failed->step == &boundary_ && is_stale_plan(failed->answer.get()))) report(*failed);
    if (PQexitPipelineMode(connection_.handle()) != 1) connection_.fail(nullptr, "");
    if (one_round_trip_) {
      const PGresult* counted = sent_[sent_.size() - 3].answer.get();  // before COMMIT and the boundary
      result.rows = parse_integer(PQgetvalue(counted, 0, 0)).value_or(0);
    }
    result.boundary = failed ? look_ahead_anew() : rows_of(sent_.back().answer.get());
    return result;
  }

  // The batch is committed, only the boundary's plan was out of date (DDL changed a type): one more round trip.
  std::vector<db::Row> look_ahead_anew() {
    try {
      connection_.forget_statements();
      prepare();
      const auto& parameters = boundary_.parameters();
      const ResultHandle answer(PQexecPrepared(connection_.handle(), boundary_.name().c_str(), parameters.count(),
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
      if (stale) std::move(translated).next(Next::kRetry);
      // COMMIT had succeeded: only a look at the ledger tells where the slice stands.
      // As above.  NOLINTBEGIN(bugprone-use-after-move)
      if (failed.step == &boundary_) std::move(translated).next(Next::kReconnect);
      throw translated;
      // NOLINTEND(bugprone-use-after-move)
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
  std::vector<Step> changes_;   // sent alone
  Step checkpoint_;             // holds the last change too when one_round_trip_
  Step boundary_;
  bool one_round_trip_ = false;
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
