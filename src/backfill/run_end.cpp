#include "backfill/run_end.hpp"

#include <fmt/format.h>

#include "backfill/lease.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"

namespace weir::backfill {

std::optional<ledger::Lease> find_holder(ledger::Ledger& ledger, const ledger::RunId& id) {
  for (const auto& slice : ledger::read_slices(ledger, id)) {
    if (is_held(ledger.connection(), slice, {})) return slice.lease;
  }
  return std::nullopt;
}

void refuse_held(ledger::Ledger& ledger, const ledger::RunId& id) {
  const auto holder = find_holder(ledger, id);
  if (!holder) return;
  throw Error(Code::kRunHeld,
              fmt::format("this run is being executed by pid {} on {}", holder->process.pid, holder->process.hostname))
      .hint("`weir status` shows its progress; a worker that dies is replaced at once");
}

// The run's row first: a claim needs it, too, so nobody takes a slice in between.
bool settle_run(ledger::Ledger& ledger, const ledger::Run& run, const std::vector<ledger::RunState>& path,
                const std::string& event, const std::string& actor) {
  db::Transaction transaction(ledger.connection());
  try {
    for (std::size_t i = 1; i < path.size(); ++i) ledger::move_run(ledger, run.id, path[i - 1], path[i]);
  } catch (const Error& error) {
    if (error.code() == Code::kIllegalTransition) return false;
    throw;
  }
  if (find_holder(ledger, run.id)) return false;
  // A worker that was taken for dead commits nothing any more.
  ledger::revoke_leases(ledger, run.id);
  const auto now = ledger::read_latest_run(ledger, run.id.version);
  ledger::record_event(ledger, actor, event, run.id.version, run.id.attempt,
                       fmt::format("{} rows done", now ? now->rows_done : run.rows_done));
  sync_point(SyncPoint::kSettleBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kSettleCommitted);
  return true;
}

std::int64_t count_batches(ledger::Ledger& ledger, const ledger::RunId& id) {
  std::int64_t batches = 0;
  for (const auto& slice : ledger::read_slices(ledger, id)) batches += slice.batches;
  return batches;
}

// The run's row first here, too: whoever claimed a slice before is seen, and nobody does afterwards.
void supersede_run(ledger::Ledger& ledger, const ledger::Run& run, Batches batches, const std::string& actor,
                   const std::string& why) {
  ledger::RunState state = run.state;
  if (ledger::is_active(state) && state != ledger::RunState::kCancelling) {
    ledger::move_run(ledger, run.id, state, ledger::RunState::kCancelling);
    state = ledger::RunState::kCancelling;
  }
  ledger::move_run(ledger, run.id, state, ledger::RunState::kCancelled);
  refuse_held(ledger, run.id);
  if (batches == Batches::kNone && count_batches(ledger, run.id) > 0)
    throw Error(Code::kRunHeld, "a worker began this run in the same moment").hint("`weir status` shows its progress");
  ledger::revoke_leases(ledger, run.id);
  ledger::record_event(ledger, actor, "run-cancelled", run.id.version, run.id.attempt, why);
}

}  // namespace weir::backfill
