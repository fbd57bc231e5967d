#include "backfill/enqueue.hpp"

#include "backfill/carried_parameters.hpp"
#include "backfill/completeness.hpp"
#include "backfill/execution.hpp"
#include "backfill/images.hpp"
#include "backfill/run_end.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "ledger/events.hpp"

namespace weir::backfill {

std::optional<std::int64_t> put_in_queue(const db::Database& database, ledger::Ledger& ledger,
                                         const project::Migration& migration, const ParameterValues& parameters,
                                         std::int64_t latest, const ledger::Run* superseded, const std::string& actor) {
  constexpr Milliseconds kCountLimit{500};  // a deploy does not wait for a figure
  refuse_while_undoing(ledger, migration.version);
  const Program program = prepare_program(database, ledger.connection(), migration, parameters);
  const auto rows = estimate_rows(database, ledger.connection(), program, kCountLimit);
  db::Transaction transaction(ledger.connection());
  if (superseded != nullptr)
    supersede_run(ledger, *superseded, Batches::kNone, actor, "the file changed before the first batch");
  const auto run = ledger::create_run(ledger, new_run(program, parameters, rows, actor), latest);
  if (run) ledger::record_event(ledger, actor, "run-queued", migration.version, run->id.attempt, "");
  sync_point(SyncPoint::kQueueBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kQueueCommitted);
  return rows;
}

bool replace_unbegun(const db::Database& database, ledger::Ledger& ledger, const project::Migration& migration,
                     const ledger::Run& run, const ParameterValues& given, const std::string& actor) {
  if (count_batches(ledger, run.id) > 0 || find_holder(ledger, run.id)) return false;
  const ParameterValues parameters =
      given.empty() ? carry_parameters(migration, run) : resolve_parameters(migration, given);
  refuse_while_undoing(ledger, migration.version);  // aloud: below it would be taken for a race
  try {
    put_in_queue(database, ledger, migration, parameters, run.id.attempt, &run, actor);
  } catch (const Error& error) {
    // Somebody began it, or moved it, in this moment.
    if (error.code() != Code::kRunHeld && error.code() != Code::kIllegalTransition) throw;
    return false;
  }
  return true;
}

}  // namespace weir::backfill
