// What an operator does to a run from anywhere: pause, resume, cancel, tune. Only the ledger is written; whoever works
// on the run follows within a batch.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/stop.hpp"
#include "ledger/runs.hpp"

namespace weir::backfill {

// The latest run of the data migration with this name or version. Errors: kNotFound.
ledger::Run find_run(ledger::Ledger& ledger, const std::string& name);

// Waits until the workers have left; `stop` ends the waiting. When they are all dead it is paused here.
struct Wait {
  Clock& clock;
  const StopToken& stop;
  Milliseconds most{30'000};
};
// All return the run as it stands afterwards. Errors: kIllegalTransition when its state does not allow it.
ledger::Run pause_run(ledger::Ledger& ledger, const ledger::Run& run, const std::string& actor, const Wait& wait);
ledger::Run cancel_run(ledger::Ledger& ledger, const ledger::Run& run, const std::string& actor, const Wait& wait);
// Back into the queue, for a worker or `weir run`.
ledger::Run resume_run(ledger::Ledger& ledger, const ledger::Run& run, const std::string& actor);
ledger::Run tune_run(ledger::Ledger& ledger, const ledger::Run& run, const ledger::Tuning& tuning,
                     const std::string& actor);

}  // namespace weir::backfill
