#include "backfill/runner.hpp"

#include "backfill/completeness.hpp"
#include "backfill/execution.hpp"
#include "base/sync_point.hpp"
#include "ledger/events.hpp"
#include "ledger/history.hpp"

namespace weir::backfill {

std::optional<std::int64_t> enqueue(const db::Database& database, ledger::Ledger& ledger,
                                    const project::Migration& migration, const ParameterValues& given,
                                    std::int64_t latest, const std::string& actor) {
  constexpr Milliseconds kCountLimit{500};  // a deploy does not wait for a figure
  const ParameterValues parameters = resolve_parameters(migration, given);
  const Program program = prepare_program(database, ledger.connection(), migration, parameters);
  const auto rows = estimate_rows(database, ledger.connection(), program, kCountLimit);
  db::Transaction transaction(ledger.connection());
  const auto run = ledger::create_run(ledger, new_run(program, parameters, rows, actor), latest);
  if (run) ledger::record_event(ledger, actor, "run-queued", migration.version, run->id.attempt, "");
  sync_point(SyncPoint::kQueueBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kQueueCommitted);
  return rows;
}

bool is_complete(const db::Database& database, ledger::Ledger& ledger, const project::Migration& migration,
                 const ledger::Run& run) {
  if (run.state != ledger::RunState::kSucceeded || !ledger::read_entry(ledger, migration.version)) return false;
  const Program program = describe_program(database, ledger.connection(), migration, decode_parameters(run.parameters));
  return measure_residual(database, ledger.connection(), program) == 0;
}

RunOutcome Runner::run(const RunRequest& request) {
  return Execution(database_, clock_, stop_, observer_, request).execute();
}

}  // namespace weir::backfill
