// The request to stop: set once by Ctrl-C or SIGTERM, read between batches. Async-signal-safe to set, thread-safe to
// read.
#pragma once

#include <atomic>

namespace weir {

class StopToken {
 public:
  void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace weir
