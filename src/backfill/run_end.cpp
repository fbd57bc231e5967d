#include "backfill/run_end.hpp"

#include <fmt/format.h>

#include "backfill/lease.hpp"
#include "base/error.hpp"
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

bool settle_run(ledger::Ledger& ledger, const ledger::Run& run, ledger::RunState from, ledger::RunState to,
                const std::string& event, const std::string& actor) {
  if (find_holder(ledger, run.id)) return false;
  db::Transaction transaction(ledger.connection());
  try {
    ledger::move_run(ledger, run.id, from, to);
  } catch (const Error& error) {
    if (error.code() == Code::kIllegalTransition) return false;
    throw;
  }
  // A worker that was taken for dead commits nothing any more.
  ledger::revoke_leases(ledger, run.id);
  const auto now = ledger::read_latest_run(ledger, run.id.version);
  if (!event.empty()) {
    ledger::record_event(ledger, actor, event, run.id.version, run.id.attempt,
                         fmt::format("{} rows done", now ? now->rows_done : run.rows_done));
  }
  transaction.commit();
  return true;
}

}  // namespace weir::backfill
