// Who watches what weir does while it does it: a progress bar, a log, a page.
//
// Derive from Observer, override what you want to know, and give it to a call of Project. Nobody is told anything after
// that call has returned.
//
// Threads: on_progress(), on_note() and what is told of runs come from the threads that change rows, one at a time;
// on_lock_wait() and on_lock_wait_over() come from a thread of their own and may overlap with the others. All must be
// quick: the next batch waits for them. They may call other functions of the same Project, from pause() to status(),
// but pause() and cancel() of the very run that is being told about would wait for themselves: give them
// `most = 0`, or request a stop.
//
// Errors: what an observer throws stops the work as a stop request does (the batch is finished, the run is paused, the
// migration is not begun), and then comes out of the call.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/run.hpp>
#include <weir/session.hpp>

namespace weir {

struct Step;        // migrate.hpp
struct RolledBack;  // migrate.hpp

// How far a run is, after a batch of this process.
struct Progress {
  std::string name;
  std::int64_t rows_done = 0;              // of the run, all passes and processes
  std::optional<std::int64_t> rows_total;  // estimate
  std::int64_t pass = 1;
  int workers = 1;                       // of this process
  std::int64_t rows_here = 0;            // changed by this process
  std::chrono::milliseconds elapsed{0};  // of this process
};

class WEIR_API Observer {
 public:
  virtual ~Observer() = default;

  // --- every call
  // One line for the operator: "connection lost, trying again", "this database has one writer", ...
  virtual void on_note(const std::string& /*text*/) {}

  // --- run(), work(), undo()
  virtual void on_progress(const Progress& /*progress*/) {}

  // --- work(): one run after the other
  virtual void on_run_ended(const std::string& /*name*/, const RunOutcome& /*outcome*/) {}
  // It is not tried again until somebody has touched it. `name` is empty when the ledger could not be read; that is
  // tried again.
  virtual void on_run_failed(const std::string& /*name*/, const Error& /*error*/) {}

  // --- migrate() and rollback(): as soon as it is done
  virtual void on_step(const Step& /*step*/) {}
  virtual void on_rolled_back(const RolledBack& /*one*/) {}
  // Several times a second while it lasts.
  virtual void on_lock_wait(const LockWait& /*wait*/) {}
  // It is over: granted, timed out or cancelled. Only after on_lock_wait(), from its thread.
  virtual void on_lock_wait_over() {}
};

}  // namespace weir
