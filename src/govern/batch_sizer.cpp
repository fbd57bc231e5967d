#include "govern/batch_sizer.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace weir::govern {
namespace {

constexpr std::size_t kRecent = 10;
constexpr int kSettle = 3;  // batches of a size are seen before it grows
// Sizes are steps of a ladder, so that there are few: statements are prepared for each. Two steps are the most at once.
const double kStep = std::sqrt(1.5);
constexpr double kDeadBand = 0.1;    // a batch that is so little too long stays as it is
constexpr double kExact = 1 - 1e-9;  // against rounding
constexpr int kFarTooLong = 5;       // times the target
constexpr int kCut = 10;

}  // namespace

BatchSizer::BatchSizer(std::int64_t rows, Bounds bounds, Milliseconds target)
    : bounds_(bounds), target_(target), rows_(bounds.least) {
  resize(static_cast<double>(rows));
}

void BatchSizer::record(std::int64_t rows, std::chrono::microseconds elapsed) {
  if (rows <= 0) return;
  if (elapsed > kFarTooLong * target_) return cut();
  costs_.push_back(static_cast<double>(elapsed.count()) / static_cast<double>(rows));
  if (costs_.size() > kRecent) costs_.pop_front();
  if (++since_change_ < kSettle) return;
  const auto target = static_cast<double>(std::chrono::microseconds(target_).count());
  const double now = static_cast<double>(rows_), wanted = target / std::max(cost_of_a_row(), 0.001);
  if (wanted >= now * kStep * kExact || wanted < now * (1 - kDeadBand)) resize(std::min(wanted, now * kStep * kStep));
}

void BatchSizer::cut() { resize(static_cast<double>(rows_) / kCut); }

// Down to a step. What was measured at another size says little about this one: a batch has costs of its own, too.
void BatchSizer::resize(double rows) {
  const double first = static_cast<double>(kFirstRows);
  const double step = std::floor(std::log(std::max(rows, 1.0) / first) / std::log(kStep) + 1e-6);
  const auto size = std::clamp<std::int64_t>(std::llround(first * std::pow(kStep, step)), bounds_.least, bounds_.most);
  if (size == rows_) return;
  rows_ = size;
  costs_.clear();
  since_change_ = 0;
}

double BatchSizer::cost_of_a_row() const {
  std::vector<double> sorted(costs_.begin(), costs_.end());
  const std::size_t at = (sorted.size() * 9 - 1) / 10;  // the greatest of few, the second greatest of ten
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  return sorted[at];
}

}  // namespace weir::govern
