// A run that goes on although its file changed. Of its parameters what it began with stays, whatever the file says now.
#pragma once

#include "backfill/parameters.hpp"
#include "base/error.hpp"
#include "ledger/runs.hpp"

namespace weir::backfill {

// Names that the run does not know yet come from `given` or from their defaults, and those that the file does not know
// any more are dropped. Errors: as resolve_parameters(); kUsage when `given` has another value for what the run began
// with; kLedgerCorrupt.
ParameterValues carry_parameters(const project::Migration& migration, const ledger::Run& run,
                                 const ParameterValues& given = {});

// What is said to who did not ask for that: kDefinitionChanged, without a hint.
Error changed_since(const project::Migration& migration, const ledger::Run& run);

}  // namespace weir::backfill
