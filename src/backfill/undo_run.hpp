// `weir undo`: takes the newest run of a data migration back, unless something stands on it.
#pragma once

#include "backfill/undo.hpp"
#include "project/timeline.hpp"

namespace weir::backfill {

// Under the deploy lock it checks that no applied migration requires this one, and withdraws its record; then it
// restores without the lock. Errors: kDeployLockHeld; kGateClosed for an applied dependent; as Undo.
UndoOutcome undo_run(const db::Database& database, ledger::Ledger& ledger, const project::Timeline& timeline,
                     const ledger::Run& run, Clock& clock, const StopToken& stop, Observer& observer,
                     const std::string& actor);

}  // namespace weir::backfill
