// Between a call of the library and the layers below: carries what they tell to the program's observer, and the
// program's stop request to them. Thread-safe.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <stop_token>
#include <utility>
#include <weir/observer.hpp>

#include "backfill/work_queue.hpp"
#include "base/error.hpp"
#include "base/stop.hpp"
#include "migrate/observer.hpp"

namespace weir::api {

class Bridge final : public backfill::QueueObserver, public migrate::DeployObserver {
 public:
  // `observer` may be null.
  Bridge(weir::Observer* observer, const std::stop_token& stop);

  const StopToken& stop() const { return stop_; }
  // What the observer threw. It was told nothing any more since, and the stop was requested.
  void rethrow();
  // Called when a run has succeeded in work_queue(), before the observer knows.
  std::function<void()> on_success;

  void on_progress(const Progress& progress) override;
  void on_note(const std::string& text) override;
  void on_ended(const project::Migration& migration, const RunOutcome& outcome) override;
  void on_left(const ledger::Run& run) override;
  void on_failed(const ledger::Run* run, const Error& error) override;
  void on_result(const migrate::StepResult& result) override;
  void on_rolled_back(const migrate::RolledBack& one) override;
  void on_lock_wait(const LockWait& wait) override;
  void on_lock_wait_over() override;

 private:
  template <typename Tell>
  void tell(const Tell& how);

  weir::Observer* observer_;
  StopToken stop_;
  std::mutex mutex_;
  std::exception_ptr thrown_;  // guarded by mutex_
  std::stop_callback<std::function<void()>> callback_;
};

// Runs one call of the library. What comes out is what the observer threw, else an Error or std::bad_alloc.
template <typename Work>
auto call(weir::Observer* observer, const std::stop_token& stop, const Work& work) {
  Bridge bridge(observer, stop);
  try {
    auto result = work(bridge);
    bridge.rethrow();
    return result;
  } catch (const Error&) {
    bridge.rethrow();
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    bridge.rethrow();
    throw Error(Code::kInternal, error.what()).hint("this is a defect of weir: please report it");
  }
}
template <typename Work>
auto call(const Work& work) {
  return call(nullptr, {}, [&](Bridge&) { return work(); });
}

}  // namespace weir::api
