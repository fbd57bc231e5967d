#include "backfill/runner.hpp"

#include "backfill/carried_parameters.hpp"
#include "backfill/completeness.hpp"
#include "backfill/enqueue.hpp"
#include "backfill/execution.hpp"
#include "ledger/history.hpp"

namespace weir::backfill {

std::optional<std::int64_t> enqueue(const db::Database& database, ledger::Ledger& ledger,
                                    const project::Migration& migration, const ParameterValues& given,
                                    std::int64_t latest, const std::string& actor) {
  return put_in_queue(database, ledger, migration, resolve_parameters(migration, given), latest, nullptr, actor);
}

bool is_complete(const db::Database& database, ledger::Ledger& ledger, const project::Migration& migration,
                 const ledger::Run& run) {
  if (run.state != ledger::RunState::kSucceeded || !ledger::read_entry(ledger, migration.version)) return false;
  const Program program = describe_program(database, ledger.connection(), migration, carry_parameters(migration, run));
  return measure_residual(database, ledger.connection(), program) == 0;
}

RunOutcome Runner::run(const RunRequest& request) {
  return Execution(database_, clock_, stop_, observer_, request).execute();
}

}  // namespace weir::backfill
