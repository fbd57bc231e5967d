// How often and how fast transient errors are retried.
#pragma once

#include "base/clock.hpp"
#include "base/stop.hpp"

namespace weir::backfill {

// Doubling pauses with jitter, 100 ms to 5 s. Not thread-safe.
class Backoff {
 public:
  static constexpr int kMaxAttempts = 12;  // about 40 s in all: a server restart, a failover

  bool exhausted() const { return attempt_ >= kMaxAttempts; }
  int attempt() const { return attempt_; }
  void reset() { attempt_ = 0; }
  // Waits before the next attempt; ends early when a stop is requested.
  void wait(Clock& clock, const StopToken& stop);

 private:
  int attempt_ = 0;
};

}  // namespace weir::backfill
