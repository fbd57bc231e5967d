// The same values for people. Colour only when asked for.
#pragma once

#include <string>
#include <vector>

#include "backfill/runner.hpp"
#include "backfill/undo.hpp"
#include "base/error.hpp"
#include "migrate/deployer.hpp"
#include "migrate/rollback.hpp"
#include "migrate/verify.hpp"
#include "report/status.hpp"

namespace weir::report {

enum class Colour { kOff, kOn };

// One line per change, one per migration without a change, one per run that needs attention; ends with a newline.
std::string to_text(const Status& status, Colour colour);
// One line for a step: "applied  2026... add_x   12 ms".
std::string to_text(const migrate::StepResult& result, bool dry_run, Colour colour);
// The last line of a deploy.
std::string summary(const migrate::DeployOutcome& outcome, bool dry_run);
// A warning with a diff for each applied migration that changed or is gone.
std::string to_text(const migrate::Discrepancy& discrepancy, Colour colour);
// What `weir baseline` recorded.
std::string baseline_to_text(const std::vector<const project::Migration*>& marked, Colour colour);
std::string to_text(const migrate::RolledBack& rolled_back, Colour colour);
std::string to_text(const migrate::Verification& verification, Colour colour);
// The word for a state, in its colour.
std::string state_text(ledger::RunState state, Colour colour);
// How a run stands, after something was done to it.
std::string to_text(const RunStatus& status, Colour colour);
// "1 000", or what is known of a size that follows the time.
std::string batch_text(const RunStatus& status);
std::string to_text(const project::Migration& migration, const backfill::RunOutcome& outcome, Colour colour);
// With the keys of the first rows that were not restored; no values.
std::string to_text(const backfill::UndoOutcome& outcome, Colour colour);
std::string discarded_to_text(const std::string& name, const std::vector<ledger::ImageSet>& discarded);
// "error: ...", the place with the line and a caret, and the hint.
std::string to_text(const Error& error, Colour colour);

}  // namespace weir::report
