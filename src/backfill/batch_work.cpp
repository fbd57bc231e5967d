#include "backfill/batch_work.hpp"

#include "backfill/checkpoint.hpp"
#include "backfill/first_batch.hpp"
#include "backfill/row_batch.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"

namespace weir::backfill {
namespace {

// Until a batch has been seen to make `where` false.
bool wants_proof(const Program& program, const RunBoard& board) { return program.where && !board.proved(); }

class SqlWork final : public BatchWork {
 public:
  SqlWork(const Program& program, Session& session, RunBoard& board)
      : program_(program), session_(session), board_(board) {}

  BatchDone run(Lower lower, const db::Bindings& bindings, db::LookAhead look_ahead) override {
    // Also of a batch that is executed otherwise: nothing else refuses what would end its transaction.
    auto& compiled = lower == Lower::kOpen ? open_ : bounded_;
    if (!compiled) compiled = compile_batch(program_, *session_.worker, source(lower));
    if (wants_proof(program_, board_)) return run_first(lower, bindings);
    auto result = compiled->run(bindings, look_ahead);
    sync_point(SyncPoint::kBatchCommitted);
    BatchDone done{result.rows, std::nullopt, result.locked};
    if (look_ahead == db::LookAhead::kYes) done.boundaries = std::move(result.boundaries);
    return done;
  }

  void forget() override {
    open_.reset();
    bounded_.reset();
  }

 private:
  db::BatchSource source(Lower lower) const { return batch_source(program_, *session_.ledger, lower, kLeaseTime); }

  BatchDone run_first(Lower lower, const db::Bindings& bindings) {
    const auto first = run_first_batch(program_, *session_.ledger, *session_.worker, source(lower), lower, bindings);
    if (first.proved) board_.set_proved();
    return {first.rows, std::nullopt, first.locked};
  }

  const Program& program_;
  Session& session_;
  RunBoard& board_;
  std::unique_ptr<db::BatchProgram> open_;     // compiled for the first batch of a pass
  std::unique_ptr<db::BatchProgram> bounded_;  // ... and for all others
};

class RowWork final : public BatchWork {
 public:
  RowWork(const Program& program, Session& session, RunBoard& board)
      : program_(program), session_(session), board_(board) {}

  BatchDone run(Lower lower, const db::Bindings& bindings, db::LookAhead) override {
    auto& batch = lower == Lower::kOpen ? open_ : bounded_;
    if (!batch) batch.emplace(*session_.ledger, program_, lower);
    ledger::Ledger ledger = session_.ledger->over(*session_.worker);
    const Proof proof = wants_proof(program_, board_) ? Proof::kWanted : Proof::kNotWanted;
    const auto done = judge([&] {
      return batch->run(*session_.worker, bindings, proof, [&](std::int64_t rows) {
        write_checkpoint(ledger, bindings, rows);
        return true;
      });
    });
    if (done.proved) board_.set_proved();
    return {done.rows, std::nullopt, done.locked};
  }

  // Its SQL depends on neither.
  void forget() override {}

 private:
  const Program& program_;
  Session& session_;
  RunBoard& board_;
  std::optional<RowBatch> open_, bounded_;
};

}  // namespace

std::unique_ptr<db::BatchProgram> compile_batch(const Program& program, db::Connection& worker,
                                                const db::BatchSource& source) {
  try {
    return worker.compile(source);
  } catch (Error& error) {
    if (error.code() != Code::kInvalidFile || error.place()) throw;
    throw std::move(error).at(program.migration->change_place());
  }
}

std::unique_ptr<BatchWork> make_batch_work(const Program& program, Session& session, RunBoard& board) {
  if (program.migration->has_row_program()) return std::make_unique<RowWork>(program, session, board);
  return std::make_unique<SqlWork>(program, session, board);
}

}  // namespace weir::backfill
