// Looks over the shoulder of a statement that may wait for a lock: names who keeps it waiting, and cancels it when a
// stop is requested. A thread of its own with a connection of its own, which it opens only when a statement takes long.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/stop.hpp"
#include "db/database.hpp"
#include "migrate/observer.hpp"

namespace weir::migrate {

class StatementWatch {
 public:
  // `watched` must outlive it. The observer is called from the watch's thread.
  StatementWatch(const db::Database& database, db::Connection& watched, const StopToken& stop,
                 DeployObserver& observer);
  ~StatementWatch();
  StatementWatch(const StatementWatch&) = delete;
  StatementWatch& operator=(const StatementWatch&) = delete;

  // A statement runs from begin() to end(). `lock_timeout`: of the statement, 0: for ever.
  void begin(std::string what, Milliseconds lock_timeout);
  void end();  // returns when the observer knows that the waiting is over
  // Who kept the statement that ran last waiting, as far as it was seen.
  std::vector<db::SessionInfo> blockers() const;

 private:
  using SteadyClock = std::chrono::steady_clock;
  void watch();
  void tell_over();

  const db::Database& database_;
  db::Connection& watched_;
  const StopToken& stop_;
  DeployObserver& observer_;
  const std::string session_;  // of `watched`; empty: nobody can tell who blocks it

  mutable std::mutex mutex_;  // guards all below but looker_
  std::condition_variable changed_;
  std::string what_;
  bool running_ = false;
  bool ending_ = false;
  bool told_ = false;         // on_lock_wait() was called, on_lock_wait_over() not yet
  std::uint64_t number_ = 0;  // of the statement
  SteadyClock::time_point begun_;
  Milliseconds patience_{0};  // before somebody is asked
  std::vector<db::SessionInfo> blockers_;

  std::unique_ptr<db::Connection> looker_;  // the thread's alone
  std::thread thread_;
};

}  // namespace weir::migrate
