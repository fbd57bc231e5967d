#include "backfill/quarantine.hpp"

#include <fmt/format.h>

#include "backfill/batch_work.hpp"
#include "backfill/images.hpp"
#include "backfill/lease.hpp"
#include "backfill/row_batch.hpp"
#include "backfill/run_end.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"

namespace weir::backfill {
namespace {

enum class Tried { kProcessed, kElsewhere };  // ... by another process, or taken out by an operator

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
      compile_batch(program, worker, source_);  // only to refuse what would end a transaction
    }
  }

  Tried process(const ledger::QuarantinedRow& row) {
    db::Bindings bound = program_.parameters;
    bind_key(bound, "weir_hi", row.key);
    return batch_ ? compute(row, bound) : execute(row, bound);
  }

 private:
  Tried compute(const ledger::QuarantinedRow& row, const db::Bindings& bound) {
    Tried tried = Tried::kElsewhere;
    batch_->run(worker_, bound, Proof::kNotWanted, [&](std::int64_t changed) {
      tried = take(row);
      if (tried == Tried::kProcessed) ledger::count_rows(ledger_, run_.id, changed);
      return tried == Tried::kProcessed;
    });
    return tried;
  }

  Tried execute(const ledger::QuarantinedRow& row, const db::Bindings& bound) {
    db::Transaction transaction(worker_);
    if (take(row) == Tried::kElsewhere) return Tried::kElsewhere;
    std::int64_t changed = 0;
    for (const auto& own : source_.before) execute(own.render(), bound);
    for (const auto& change : source_.changes) changed = execute(change.render(source_.fragments), bound);
    for (const auto& own : source_.after) execute(own.render(), bound);
    ledger::count_rows(ledger_, run_.id, changed);
    sync_point(SyncPoint::kRetryBeforeCommit);
    transaction.commit();
    sync_point(SyncPoint::kRetryCommitted);
    return Tried::kProcessed;
  }

  // The images' row first, as an undo does. Both stay as they are until this row's transaction has ended: what an undo
  // or a new run does to the row comes behind it.
  Tried take(const ledger::QuarantinedRow& row) {
    const bool kept = !program_.images || ledger::hold_kept_images(ledger_, run_.id);
    if (!kept || !ledger::hold_uncancelled(ledger_, run_.id)) {
      throw Error(Code::kIllegalTransition, fmt::format("{} was cancelled or undone in this moment", run_.name))
          .hint("rows that were not tried are as they were; `weir status` shows the run");
    }
    return ledger::take_from_quarantine(ledger_, row.id) ? Tried::kProcessed : Tried::kElsewhere;
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

// The next run has processed these rows already, or will.
void refuse_cancelled(const ledger::Run& run) {
  if (run.state != ledger::RunState::kCancelled && run.state != ledger::RunState::kCancelling) return;
  throw Error(Code::kIllegalTransition,
              fmt::format("the run of {} is {}: its rows are not tried again", run.name, to_string(run.state)))
      .hint(fmt::format("begin a new run, which looks at them again: weir run {}", run.name));
}

// The keys in quarantine are of the table and the key that the run walked.
void refuse_other_rows(const Program& program, const ledger::Run& run) {
  const project::Migration& migration = *program.migration;
  if (migration.data.over.text == run.table && program.key == run.key_columns) return;
  throw Error(Code::kDefinitionChanged,
              fmt::format("the rows in quarantine are of {}, by ({})", run.table, fmt::join(run.key_columns, ", ")))
      .at(migration.data.over.place)
      .hint("write `over` and `key` so again; or begin a new run with --restart");
}

}  // namespace

Retried retry_quarantine(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger,
                         const project::Migration& migration, const ledger::Run& run, const StopToken& stop,
                         RowProgram* row_program) {
  refuse_cancelled(run);
  refuse_held(ledger, run.id);
  refuse_without_program(migration, row_program);
  Program program = prepare_program(database, ledger.connection(), migration, decode_parameters(run.parameters));
  refuse_other_rows(program, run);
  program.row_program = row_program;
  program.images = open_images(ledger, program, run.id);
  Retry retry(worker, ledger, program, run);
  Retried retried;
  const auto rows = ledger::read_quarantine(ledger, run.id);
  for (const auto& row : rows) {
    if (stop.requested()) break;
    try {
      ++(retry.process(row) == Tried::kProcessed ? retried.processed : retried.elsewhere);
    } catch (const Error& error) {
      if (!error.is_of_data()) throw;
      ledger::note_failure(ledger, row.id, error);
      ++retried.failed;
    }
  }
  retried.left = std::ssize(rows) - retried.processed - retried.failed - retried.elsewhere;
  return retried;
}

}  // namespace weir::backfill
