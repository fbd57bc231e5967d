// A clock on which sleeping takes no time.
#pragma once

#include <functional>

#include "base/clock.hpp"

namespace weir::test {

class FakeClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return now_; }
  EpochMs wall() const override { return std::chrono::duration_cast<Milliseconds>(now_.time_since_epoch()).count(); }
  void sleep(Milliseconds duration) override {
    now_ += duration;
    ++sleeps;
    slept += duration;
    if (on_sleep) on_sleep();
  }

  int sleeps = 0;
  Milliseconds slept{0};
  std::function<void()> on_sleep;  // the outside world moves while weir waits

 private:
  std::chrono::steady_clock::time_point now_{std::chrono::hours(24 * 365 * 50)};
};

}  // namespace weir::test
