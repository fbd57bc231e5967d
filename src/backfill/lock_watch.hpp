// Batches that keep others waiting for a lock are given up: what they did is rolled back, and they are tried again,
// smaller. Shared by the workers of a process and its pulse, where the engine can tell who waits for whom. Thread-safe.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "db/connection.hpp"

namespace weir::backfill {

class LockWatch {
 public:
  enum class Cancel { kAllowed, kNever };

  explicit LockWatch(const Clock& clock) : clock_(clock) {}

  // A batch that is being executed, while this lives.
  class Batch {
   public:
    // `connection` may be cancelled until the destructor has returned, or settle() has.
    Batch(LockWatch& watch, db::Connection& connection, Cancel cancel);
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    Batch(Batch&&) = delete;
    Batch& operator=(Batch&&) = delete;
    // It is over. True: it was cancelled because it kept others waiting, though perhaps too late to have an effect.
    bool settle();

   private:
    LockWatch& watch_;
    const std::shared_ptr<struct WatchedBatch> batch_;
  };

  // Sessions (Connection::session_id()) of other processes that work on the same run: they may wait.
  void set_fellows(std::vector<std::string> sessions);

  // Cancels the batches that are in the way of somebody else and have taken longer than a moment: others end by
  // themselves before that would help. Over a connection of the caller's. Errors: as Connection::in_the_way().
  void look(db::Connection& connection);

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::list<std::shared_ptr<struct WatchedBatch>> batches_;
  std::vector<std::string> fellows_;
};

}  // namespace weir::backfill
