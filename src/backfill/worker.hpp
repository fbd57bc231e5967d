// One worker of a run: claims a slice, walks it, claims the next; when none is left it ends the pass or waits for the
// others. It lives in a thread of its own; what the workers of a process share is in the RunBoard.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "backfill/pass_end.hpp"
#include "backfill/run_board.hpp"
#include "backfill/slice_walk.hpp"
#include "govern/batch_sizer.hpp"

namespace weir::backfill {

// Constant while a process executes a run.
struct RunContext {
  const db::Database& database;
  const ledger::Ledger& ledger;
  const Program& program;
  const ledger::Run& run;
  Clock& clock;
  const StopToken& stop;
  const std::string& actor;
  int workers;  // as asked for on the command line
  std::chrono::steady_clock::time_point started;
};

// How many workers this process shall have now.
int wanted_workers(const RunContext& context, const RunBoard& board);

class Worker {
 public:
  // `number`: 0 is the first, which stays to the end.
  Worker(const RunContext& context, RunBoard& board, int number);

  // Errors: kCannotConnect and its like.
  void connect();
  // Works until the run has ended or the worker must leave. What the run ended with, if this worker ended it.
  // Errors: none of them transient: whatever cannot be retried, or was in vain Backoff::kMaxAttempts times.
  std::optional<Ending> work();

 private:
  bool leaves() const;
  // Nothing else to be done: the worker waited.
  void look_for_work();
  // Both under the lease that was taken last.
  void end_pass();
  void walk(std::int64_t ordinal);
  void work_under_lease(std::int64_t ordinal, const std::function<void()>& work);
  // `slice`: one that somebody else holds.
  void wait_for_work(const std::optional<ledger::Slice>& slice);
  void recover(const Error& error);

  RunContext context_;
  RunBoard& board_;
  const int number_;
  Program program_;  // with the batch size as tuned
  Session session_;
  govern::BatchSizer sizer_;
  Backoff backoff_;
  std::optional<Ending> ending_;
  std::set<std::string> waited_for_;  // the processes that were named
};

}  // namespace weir::backfill
