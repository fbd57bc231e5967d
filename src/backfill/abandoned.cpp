#include "backfill/abandoned.hpp"

#include "backfill/lease.hpp"

namespace weir::backfill {

void release_abandoned(ledger::Ledger& ledger, const ledger::RunId& id) {
  for (const auto& slice : ledger::read_slices(ledger, id)) {
    if (!slice.lease || !is_this_process(slice.lease->process) || OwnTokens::known_here(slice.lease->token)) continue;
    ledger::release_slice(ledger, id, slice.ordinal, slice.lease->token);
  }
}

}  // namespace weir::backfill
