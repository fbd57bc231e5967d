#include "backfill/quarantine.hpp"

#include "backfill/batch_work.hpp"
#include "backfill/images.hpp"
#include "backfill/lease.hpp"
#include "backfill/row_batch.hpp"
#include "backfill/run_end.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"

namespace weir::backfill {
namespace {

class Retry {
 public:
  Retry(db::Connection& worker, const ledger::Ledger& ledger, const Program& program, const ledger::Run& run)
      : worker_(worker),
        ledger_(ledger.over(worker)),
        program_(program),
        run_(run),
        source_(batch_source(program, ledger, Lower::kExactly, kLeaseTime)) {
    if (program.migration->has_row_program()) {
      batch_.emplace(ledger, program, Lower::kExactly);
    } else {
      compile_batch(program, worker,
                    source_);  // refuses what would end a transaction; its checkpoint has no cursor here
    }
  }

  // Nothing happens when another one has it.
  void process(const ledger::QuarantinedRow& row) {
    db::Bindings bound = program_.parameters;
    bind_key(bound, "weir_hi", row.key);
    if (batch_) {
      compute(row, bound);
    } else {
      execute(row, bound);
    }
  }

 private:
  void compute(const ledger::QuarantinedRow& row, const db::Bindings& bound) {
    batch_->run(worker_, bound, Proof::kNotWanted, [&](std::int64_t changed) {
      if (!ledger::take_from_quarantine(ledger_, row.id)) return false;
      ledger::count_rows(ledger_, run_.id, changed);
      return true;
    });
  }

  void execute(const ledger::QuarantinedRow& row, const db::Bindings& bound) {
    db::Transaction transaction(worker_);
    if (!ledger::take_from_quarantine(ledger_, row.id)) return;
    std::int64_t changed = 0;
    for (const auto& own : source_.before) execute(own.render(), bound);
    for (const auto& change : source_.changes) changed = execute(change.render(source_.fragments), bound);
    for (const auto& own : source_.after) execute(own.render(), bound);
    ledger::count_rows(ledger_, run_.id, changed);
    sync_point(SyncPoint::kRetryBeforeCommit);
    transaction.commit();
    sync_point(SyncPoint::kRetryCommitted);
  }

  std::int64_t execute(const sql::Rendered& rendered, const db::Bindings& bound) {
    return worker_.execute({rendered.sql, db::bind(rendered.names, bound)}).affected;
  }

  db::Connection& worker_;
  ledger::Ledger ledger_;
  const Program& program_;
  const ledger::Run& run_;
  const db::BatchSource source_;  // without its checkpoint: these rows lie behind the cursor
  std::optional<RowBatch> batch_;
};

}  // namespace

Retried retry_quarantine(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger,
                         const project::Migration& migration, const ledger::Run& run, const StopToken& stop,
                         RowProgram* row_program) {
  refuse_held(ledger, run.id);
  refuse_without_program(migration, row_program);
  Program program = prepare_program(database, ledger.connection(), migration, decode_parameters(run.parameters));
  program.row_program = row_program;
  program.images = open_images(ledger, program, run.id);
  Retry retry(worker, ledger, program, run);
  Retried retried;
  const auto rows = ledger::read_quarantine(ledger, run.id);
  for (const auto& row : rows) {
    if (stop.requested()) break;
    try {
      retry.process(row);
      ++retried.processed;
    } catch (const Error& error) {
      if (!error.is_of_data()) throw;
      ledger::note_failure(ledger, row.id, error);
      ++retried.failed;
    }
  }
  retried.left = std::ssize(rows) - retried.processed - retried.failed;
  return retried;
}

}  // namespace weir::backfill
