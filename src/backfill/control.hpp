// What an operator does to a run from anywhere: pause, resume, cancel, tune. Only the ledger is written; whoever works
// on the run follows within a batch.
#pragma once

#include <string>

#include "backfill/parameters.hpp"
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
// Errors: as check_tuning() as well.
ledger::Run tune_run(ledger::Ledger& ledger, const ledger::Run& run, const ledger::Tuning& tuning,
                     const std::string& actor);

// Errors: kUsage for a value that is out of its range. 0 takes `workers` or `max_rate` back.
void check_tuning(const ledger::Tuning& tuning);
// How many a process is started with. Errors: kUsage.
void check_workers(int workers);

// Puts a data migration into the queue, for a worker: the run that waits already, or a new one, also in the place of
// one without a batch whose file has changed. One that is complete stays as it is. Errors: kUsage for parameters of a
// run that has its own; kDefinitionChanged; as enqueue().
struct QueueRequest {
  const project::Migration& migration;
  ParameterValues parameters;
  std::optional<int> workers;  // of each process that will execute it
  std::string actor;
};
ledger::Run queue_run(const db::Database& database, ledger::Ledger& ledger, const QueueRequest& request);

}  // namespace weir::backfill
