#include "backfill/retry.hpp"

#include <algorithm>
#include <random>

namespace weir::backfill {

void Backoff::wait(Clock& clock, const StopToken& stop) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const std::int64_t full = std::min<std::int64_t>(100LL << std::min(attempt_, 10), 5000);
  std::int64_t left = std::uniform_int_distribution<std::int64_t>(full / 2, full)(random);
  ++attempt_;
  constexpr std::int64_t kSlice = 50;  // so that Ctrl-C is seen
  for (; left > 0 && !stop.requested(); left -= kSlice) clock.sleep(Milliseconds(std::min(left, kSlice)));
}

}  // namespace weir::backfill
