// `weir worker`: executes the runs that wait for a worker, one after the other, oldest first. The ledger has their
// text: no file is needed on this host.
#pragma once

#include <functional>
#include <string>

#include "backfill/runner.hpp"

namespace weir::backfill {

// Besides the progress of each run.
class QueueObserver : public Observer {
 public:
  // One that this process worked on is over, or was left.
  virtual void on_ended(const project::Migration& migration, const RunOutcome& outcome) = 0;
  // Its row program is registered in another process. Said once.
  virtual void on_left(const ledger::Run& run) = 0;
  // `run` is null when the ledger could not be read; the server may come back.
  virtual void on_failed(const ledger::Run* run, const Error& error) = 0;
};

struct WorkRequest {
  enum class Until { kStopped, kNothingLeft } until = Until::kStopped;
  int workers = 1;  // threads
  std::string actor;
  // The row program that this process has for a migration, or null; empty: it has none.
  std::function<RowProgram*(const project::Migration&)> program_of = {};
};

// What on_left() has to say, as a line.
std::string left_to_others(const ledger::Run& run);

// A run that failed is not tried again until somebody has touched it, unless it failed for want of a connection. One
// that is being undone waits. Returns how many are left in these states. Errors: what
// cannot be read from the ledger, unless it may pass.
std::size_t work_queue(const db::Database& database, Clock& clock, const StopToken& stop, QueueObserver& observer,
                       const WorkRequest& request);

}  // namespace weir::backfill
