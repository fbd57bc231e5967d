// A data migration being executed: how it is asked for, how it stands, and what came of it. All values.
//
// A *run* is one execution of a data migration. It lives in the ledger, in the target database: it survives every
// process, several processes may work on it at once, and an operator controls it from anywhere. A migration may have
// been run several times; the newest *attempt* is the one that all functions speak of.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <weir/export.hpp>

namespace weir {

using Time = std::chrono::system_clock::time_point;

// The life of a run. It moves only along these edges, in the database, by compare-and-set:
// queued -> running -> succeeded | failed; running -> pausing -> paused -> queued; failed -> queued;
// anything unfinished -> (cancelling ->) cancelled.
enum class RunState { kQueued, kRunning, kPausing, kPaused, kSucceeded, kFailed, kCancelling, kCancelled };
// "queued", "running", ...
WEIR_API std::string_view to_string(RunState state);

// What to do with an unfinished run whose file has changed since it began.
enum class OnChange {
  kRefuse,    // Code::kDefinitionChanged, once a batch was committed
  kContinue,  // goes on from the cursor with the new text
};
enum class Start {
  kContinue,  // the unfinished run goes on, or is helped if others work on it; else a new one begins
  kRestart,   // a new run begins at the first row; without `where` this applies the change again to rows that are done
};
// What becomes of a run whose batches would each read the whole table.
enum class OnScan {
  kRefuse,  // Code::kScansTable, before the first batch
  kAllow,
};

// Of Project::run().
struct RunOptions {
  std::map<std::string, std::string> parameters = {};  // `param:` of the migration, by name
  Start start = Start::kContinue;
  OnChange on_change = OnChange::kRefuse;
  OnScan on_scan = OnScan::kRefuse;
  int workers = 1;  // threads that change rows, 1 to 64, each with two connections; SQLite has one writer and uses one
  // A stop finishes the batch and pauses the run, as Ctrl-C does for the program: nothing is lost, and the next run()
  // goes on behind it.
  std::stop_token stop = {};
};

// What came of a run in this process. Everything else is an Error; the run is `failed` then and goes on from its cursor
// when it is run again.
struct RunOutcome {
  // kSucceeded; kPaused, kCancelled; kRunning when this process was asked to stop and left it to others.
  RunState state = RunState::kSucceeded;
  bool already_complete = false;  // nothing had to be done
  std::int64_t attempt = 0;
  std::int64_t rows_done = 0;  // of the whole run
  std::int64_t rows_here = 0;  // by this process
  std::int64_t passes = 0;
  std::int64_t residual = 0;               // rows that still match `where`
  std::optional<std::int64_t> violations;  // that `migrate:verify` counted; nothing: there is none
  std::chrono::milliseconds elapsed{0};
};

// Of Project::start().
struct StartOptions {
  std::map<std::string, std::string> parameters = {};
  std::optional<int> workers = {};  // threads of each process that will execute it, 1 to 64
};

// What an operator may change while a run goes on, on all hosts, effective within a batch. What is not given stays as
// it is.
struct Tuning {
  static constexpr std::int64_t kFollowsTime = 0;  // of batch_rows: as many rows as take 200 ms

  std::optional<std::int64_t> batch_rows = {};  // 1 to 1 000 000, or kFollowsTime
  std::optional<std::int64_t> workers = {};     // threads of each process, 1 to 64
  std::optional<std::int64_t> max_rate = {};    // rows a second of all workers together; 0: no limit
};

// How long pause() and cancel() wait until the workers have left the run.
struct WaitOptions {
  std::chrono::milliseconds most{30'000};
  std::stop_token stop = {};
};

// How a run stands, as the ledger shows it.
struct RunStatus {
  std::string version;
  std::int64_t attempt = 0;
  std::string name;
  std::string table;
  RunState state = RunState::kQueued;
  std::int64_t rows_done = 0;              // of all passes and processes
  std::optional<std::int64_t> rows_total;  // estimate, made when the run was created
  std::optional<int> percent;              // 0 to 99 while it is unfinished
  std::int64_t pass = 1;
  std::int64_t batches = 0;
  std::int64_t slices = 0, slices_done = 0;  // key ranges of this pass
  std::optional<std::int64_t> residual;      // as measured last
  std::int64_t quarantined = 0;              // rows that were set aside
  int workers = 0;                           // that live; 0 while it is running: its worker died, run() takes over
  std::string worker;                        // one of them: "pid 4711 on web-1"
  std::optional<double> rows_per_second;     // since it started first
  std::optional<std::chrono::seconds> left;  // as far as can be told
  std::optional<std::int64_t> batch_rows;    // nothing: its size follows the time that batches take
  std::optional<std::int64_t> tuned_workers, max_rate;  // as set by tune()
  std::string error;                                    // why it failed
  std::string actor;                                    // who began it
  Time created_at;
  std::optional<Time> started_at, finished_at;
};

// Of Project::undo().
struct UndoOptions {
  std::stop_token stop = {};  // a stop ends it between two batches; the next undo() goes on
};

// What undo() did with the rows of which the run had kept the old values (`keep:`).
struct UndoOutcome {
  bool complete = false;      // else it was stopped
  std::int64_t restored = 0;  // have their old values again
  std::int64_t changed = 0;   // hold something else than the run left there: left alone
  std::int64_t gone = 0;      // were deleted, or have another key
  std::int64_t left = 0;      // when it was stopped
};

// Of Project::work().
struct WorkOptions {
  enum class Until {
    kStopped,      // looks for new work every second
    kNothingLeft,  // returns when nothing waits any more
  };
  Until until = Until::kStopped;
  int workers = 1;            // threads that change rows, 1 to 64
  std::stop_token stop = {};  // a stop finishes the batch and leaves the run in the queue
};

}  // namespace weir
