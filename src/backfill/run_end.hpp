// Who still works on a run, and the steps of its life that the last one to leave it takes.
#pragma once

#include <optional>
#include <string>

#include "ledger/slices.hpp"

namespace weir::backfill {

// A worker that lives, or may, by its lease.
std::optional<ledger::Lease> find_holder(ledger::Ledger& ledger, const ledger::RunId& id);
// Errors: kRunHeld, which names the holder.
void refuse_held(ledger::Ledger& ledger, const ledger::RunId& id);

// Moves the run along `path` in one transaction, unless somebody still works. False then, and when somebody else was
// faster.
bool settle_run(ledger::Ledger& ledger, const ledger::Run& run, const std::vector<ledger::RunState>& path,
                const std::string& event, const std::string& actor);

// Committed by all workers of the run.
std::int64_t count_batches(ledger::Ledger& ledger, const ledger::RunId& id);

// What the run that is given up may have done.
enum class Batches { kNone, kSome };
// Cancels a run whose place another one takes; part of the caller's transaction. Errors: kRunHeld when somebody works
// on it, or has done a batch meanwhile where there may be none; kIllegalTransition when it was moved meanwhile.
void supersede_run(ledger::Ledger& ledger, const ledger::Run& run, Batches batches, const std::string& actor,
                   const std::string& why);

}  // namespace weir::backfill
