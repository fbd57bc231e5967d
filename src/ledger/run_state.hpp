// The life of a run as a table of states. A state moves only along an edge of this table, by compare-and-set in the
// database.
#pragma once

#include <string_view>
#include <weir/run.hpp>

namespace weir::ledger {

using weir::RunState;
using weir::to_string;

// Errors: kLedgerCorrupt.
RunState parse_run_state(std::string_view text);

bool may_follow(RunState from, RunState to);
// Succeeded and cancelled runs are history; a new run starts anew.
bool is_final(RunState state);
// A worker executes it, or died while it did.
bool is_active(RunState state);

}  // namespace weir::ledger
