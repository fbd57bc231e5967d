// Leases that workers of this process left behind: they ended, and could not release them because the connection was
// gone. Others must take them for held as long as this process lives, so it gives them back itself.
#pragma once

#include "ledger/slices.hpp"

namespace weir::backfill {

void release_abandoned(ledger::Ledger& ledger, const ledger::RunId& id);

}  // namespace weir::backfill
