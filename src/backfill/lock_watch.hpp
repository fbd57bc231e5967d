// Batches that keep others waiting for a lock are given up: what they did is rolled back, and they are tried again,
// smaller. Shared by the workers of a process and its pulse. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <mutex>

#include "base/clock.hpp"
#include "db/connection.hpp"

namespace weir::backfill {

class LockWatch {
 public:
  explicit LockWatch(const Clock& clock) : clock_(clock) {}

  // A batch that is being executed, while this lives.
  class Batch {
   public:
    // `connection` may be cancelled until the destructor has returned.
    Batch(LockWatch& watch, db::Connection& connection);
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    Batch(Batch&&) = delete;
    Batch& operator=(Batch&&) = delete;
    // It was cancelled because it kept others waiting.
    bool gave_way() const;

   private:
    LockWatch& watch_;
    const std::int64_t session_;
  };

  // Cancels the batches that are in somebody's way and have taken longer than a moment: others end by themselves before
  // that would help. Over a connection of the caller's. Errors: as Connection::in_the_way().
  void look(db::Connection& connection);

 private:
  struct Watched {
    db::Connection* connection = nullptr;
    std::chrono::steady_clock::time_point began = {};
    bool cancelled = false;
  };

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, Watched> batches_;  // by Connection::session_number()
};

}  // namespace weir::backfill
