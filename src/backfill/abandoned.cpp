#include "backfill/abandoned.hpp"

#include "backfill/lease.hpp"

namespace weir::backfill {
namespace {

bool is_of_this_process(const ProcessId& process) {
  const ProcessId here = this_process();
  return !here.host.empty() && here.start_time != 0 && process.host == here.host && process.pid == here.pid &&
         process.start_time == here.start_time;
}

}  // namespace

void release_abandoned(ledger::Ledger& ledger, const ledger::RunId& id) {
  for (const auto& slice : ledger::read_slices(ledger, id)) {
    if (!slice.lease || !is_of_this_process(slice.lease->process) || OwnTokens::known_here(slice.lease->token))
      continue;
    ledger::release_slice(ledger, id, slice.ordinal, slice.lease->token);
  }
}

}  // namespace weir::backfill
