// What the workers of one process share while they execute a run: its state and settings as last read from the ledger,
// the leases they hold, the rows they have done, and the first error. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "backfill/lock_watch.hpp"
#include "backfill/observer.hpp"
#include "base/error.hpp"
#include "base/stop.hpp"
#include "ledger/runs.hpp"

namespace weir::backfill {

class RunBoard {
 public:
  RunBoard(const Clock& clock, const StopToken& stop, Observer& observer, const ledger::RunSettings& settings,
           Progress progress)
      : clock_(clock),
        stop_(stop),
        observer_(observer),
        started_(clock.now()),
        lock_watch_(clock),
        settings_(settings),
        progress_(std::move(progress)) {}

  ledger::RunSettings settings() const;
  void set_settings(const ledger::RunSettings& settings);

  // Whether workers leave the run at the next batch: asked to stop, the run is not `running` any more, or one of them
  // failed.
  bool must_leave() const;

  // The pulse cannot read the ledger: workers ask themselves.
  void set_unwatched(bool unwatched);
  bool is_unwatched() const;

  // The first error counts; those of others that followed from it do not.
  void fail(const Error& error);
  std::optional<Error> failure() const;

  // A worker of this process ended the run.
  void set_ended();

  // Tokens of leases to be renewed.
  void hold(const std::string& token);
  void drop(const std::string& token);
  std::set<std::string> held() const;

  // A worker of this process looks for work in vain.
  void set_idle(int change);
  bool somebody_idles() const;

  // Rows a second for one worker, when a limit is set for all together.
  std::optional<double> rate_of_a_worker() const;

  LockWatch& lock_watch() { return lock_watch_; }

  // A batch that changed rows has been seen to make `where` false.
  void set_proved();
  bool proved() const;

  void begin_pass(std::int64_t pass);
  void add_rows(std::int64_t rows);
  // `leased`: slices that are worked on, by all processes.
  void see(std::int64_t rows_done, int leased, bool split_wanted);
  void set_workers(int workers);
  Progress progress() const;
  void note(const std::string& text);

  // The last pass that ended here with its residual, and how many did.
  struct Passes {
    std::int64_t last = 0;
    std::optional<std::int64_t> residual;
    std::int64_t ended = 0;
  };
  Passes passes() const;
  // Once more for the same pass, whose end was not committed: counts once.
  void end_pass(std::int64_t pass, std::int64_t residual);

  // Waits for at most `duration`, or until something changed.
  void wait(Milliseconds duration);
  void wake();

 private:
  Progress count_rows(std::int64_t rows);

  const Clock& clock_;
  const StopToken& stop_;
  Observer& observer_;
  const std::chrono::steady_clock::time_point started_;
  LockWatch lock_watch_;
  std::mutex observing_;  // before mutex_, never while it is held: an observer may be slow
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ledger::RunSettings settings_;
  Progress progress_;
  Passes passes_;
  std::optional<Error> failure_;
  std::set<std::string> held_;
  int idle_ = 0;
  int leased_ = 1;
  bool split_wanted_ = false;
  bool proved_ = false;
  bool ended_ = false;
  bool unwatched_ = false;
};

}  // namespace weir::backfill
