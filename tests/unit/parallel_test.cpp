#include "base/parallel.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir {
namespace {

TEST(ForEachIndex, CallsEachOnce) {
  for (const std::size_t count : {0U, 1U, 63U, 64U, 65U, 1000U}) {
    std::vector<std::atomic<int>> calls(count);
    for_each_index(count, [&](std::size_t i) { ++calls[i]; });
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(calls[i], 1) << i << " of " << count;
  }
}

TEST(ForEachIndex, ThrowsWhatWouldHaveBeenThrownFirst) {
  for (int round = 0; round < 50; ++round) {
    try {
      for_each_index(1000, [](std::size_t i) {
        if (i % 100 == 77) throw std::runtime_error(std::to_string(i));
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "77");
    }
  }
}

}  // namespace
}  // namespace weir
