// Plays an example: executes the run until it is complete, and in between, or at the same time, the steps of its
// script.
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "backfill/runner.hpp"
#include "project/migration.hpp"
#include "support/promises/application.hpp"

namespace weir::test::promises {

// Real time, but nobody waits long. Thread-safe.
class HastyClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return system_clock().now() + skipped_.load(); }
  EpochMs wall() const override { return system_clock().wall(); }
  void sleep(Milliseconds duration) override;

 private:
  std::atomic<Milliseconds> skipped_{Milliseconds(0)};
};

class Player final : public backfill::Observer {
 public:
  // kOneByOne: a step is done between two batches, in the thread that executes them. kAtOnce: in a thread of its own.
  Player(const db::Database& database, const project::Migration& migration, Table& table, const Example& example,
         Concurrency concurrency);

  // Errors: std::runtime_error when a promise was broken, with what happened.
  void play();

  void on_progress(const backfill::Progress& progress) override;
  void on_note(const std::string& text) override;

 private:
  enum class Ended { kComplete, kNot };
  Ended run_once();
  bool tolerates(const Error& error) const;
  backfill::RunOutcome run(backfill::Start start);
  void after_run();
  void take_steps();       // those that are due
  void take_all_steps();   // ... and the others
  void write_meanwhile();  // the thread
  void take_next_step();
  void operate(const Step& step);
  void control(Act act, const ledger::Run& run);
  void tune(const Step& step, const ledger::Run& run);
  void steal();
  void cut();
  void help(const ledger::Run& run);
  void end_helpers();
  void say(const std::string& text);
  bool finished() const { return next_ == example_.steps.size(); }

  const db::Database& database_;
  const project::Migration& migration_;
  const Example& example_;
  const Concurrency concurrency_;
  HastyClock clock_;

  // Everything below is shared by the threads.
  std::mutex mutex_;
  std::condition_variable changed_;
  Application application_;
  std::size_t next_ = 0;         // step
  std::atomic<int> batches_{0};  // by all; counted without the mutex, so that batches wait for no step
  int last_ = 0;                 // after which the last step was taken
  bool hurry_ = false;           // steps wait for no batch
  bool restart_ = false;         // with the next run
  bool disturbed_ = false;       // connections were cut
  std::unique_ptr<StopToken> stop_ = std::make_unique<StopToken>();
  std::string failure_;  // of the application itself
  struct Helper {
    StopToken stop;
    std::thread thread;
  };
  std::list<Helper> helpers_;
  std::mutex saying_;
  std::string said_;  // what happened, for a failure
};

}  // namespace weir::test::promises
