#include "govern/batch_sizer.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <vector>

namespace weir::govern {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr BatchSizer::Bounds kWide{1, 1'000'000};

// What a batch costs at a database: something for itself, something for each row.
struct Cost {
  double batch_us, row_us;
  microseconds of(std::int64_t rows) const {
    return microseconds(static_cast<std::int64_t>(batch_us + row_us * static_cast<double>(rows)));
  }
};

void record(BatchSizer& sizer, const Cost& cost, int batches) {
  for (int i = 0; i < batches; ++i) sizer.record(sizer.rows(), cost.of(sizer.rows()));
}

TEST(BatchSizerTest, GrowsByHalfAtMostUntilABatchTakesTheTargetTime) {
  BatchSizer sizer(1000, kWide);
  const Cost cost{500, 10};
  std::vector<std::int64_t> sizes{sizer.rows()};
  for (int i = 0; i < 60; ++i) {
    record(sizer, cost, 1);
    if (sizer.rows() == sizes.back()) continue;
    EXPECT_LE(static_cast<double>(sizer.rows()), 1.5 * static_cast<double>(sizes.back()) + 1);
    sizes.push_back(sizer.rows());
  }
  EXPECT_LE(cost.of(sizer.rows()), milliseconds(200));
  EXPECT_GE(cost.of(sizer.rows()), milliseconds(150));
}

TEST(BatchSizerTest, ShrinksWhenRowsCostMore) {
  BatchSizer sizer(10'000, kWide);
  record(sizer, {500, 20}, 30);
  const auto before = sizer.rows();
  record(sizer, {500, 40}, 10);
  EXPECT_LE(sizer.rows(), before * 62 / 100);
  EXPECT_GE(sizer.rows(), before * 38 / 100);
}

TEST(BatchSizerTest, CutsToATenthAfterABatchOfFiveTimesTheTarget) {
  BatchSizer sizer(10'000, kWide);
  const auto before = sizer.rows();
  sizer.record(before, milliseconds(1000));
  EXPECT_EQ(sizer.rows(), before);
  sizer.record(before, milliseconds(1001));
  EXPECT_LE(sizer.rows(), before / 10);
  EXPECT_GE(sizer.rows(), before / 13);
}

TEST(BatchSizerTest, OneSlowBatchOfTenChangesNothing) {
  BatchSizer sizer(20'000, kWide);
  const auto rows = sizer.rows();
  const Cost cost{0, 10};
  record(sizer, cost, 12);
  for (int i = 0; i < 50; ++i) {
    sizer.record(rows, i % 10 == 9 ? milliseconds(800) : cost.of(rows));
    EXPECT_EQ(sizer.rows(), rows) << i;
  }
}

// Statements are prepared for each.
TEST(BatchSizerTest, ThereAreFewSizes) {
  std::mt19937_64 random(1);
  std::set<std::int64_t> sizes;
  for (int i = 0; i < 100'000; ++i)
    sizes.insert(BatchSizer(std::uniform_int_distribution<std::int64_t>(10, 100'000)(random), {10, 100'000}).rows());
  EXPECT_LE(sizes.size(), 50U);
}

TEST(BatchSizerTest, StaysWithinItsBounds) {
  BatchSizer sizer(50, {100, 5000});
  EXPECT_EQ(sizer.rows(), 100);
  record(sizer, {0, 1}, 100);
  EXPECT_EQ(sizer.rows(), 5000);
  record(sizer, {0, 100'000}, 100);
  EXPECT_EQ(sizer.rows(), 100);
}

// Whatever the database, the size settles, and its batches are neither far too long nor much too short.
TEST(BatchSizerTest, SettlesNearTheTargetWhateverRowsCost) {
  std::mt19937_64 random(1);
  for (int example = 0; example < 500; ++example) {
    std::uniform_real_distribution<double> exponent(-1, 3), noise(0.8, 1.2);
    const Cost cost{std::pow(10, 1 + exponent(random)), std::pow(10, exponent(random))};
    BatchSizer sizer(1000, kWide);
    std::vector<double> times;
    for (int batch = 0; batch < 200; ++batch) {
      const auto rows = sizer.rows();
      const auto elapsed = microseconds(std::llround(noise(random) * static_cast<double>(cost.of(rows).count())));
      sizer.record(rows, elapsed);
      if (batch >= 100) times.push_back(static_cast<double>(elapsed.count()) / 1000);
    }
    const double longest = *std::max_element(times.begin(), times.end());
    EXPECT_LE(longest, 300) << cost.batch_us << " " << cost.row_us;
    if (sizer.rows() < kWide.most) {
      EXPECT_GE(longest, 120) << cost.batch_us << " " << cost.row_us;
    }
  }
}

}  // namespace
}  // namespace weir::govern
