// Words, numbers, times and error codes.
#include <gtest/gtest.h>
#include <map>
#include <rapidcheck/gtest.h>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace weir {
namespace {

TEST(Nearest, FindsTypingErrorsOnly) {
  EXPECT_EQ(nearest("requirs", {"change", "requires"}), "requires");
  EXPECT_EQ(nearest("WHERE", {"where"}), "where");
  EXPECT_EQ(nearest("zebra", {"change", "requires"}), std::nullopt);
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(HumanCount, GroupsThousands) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1000), "1 000");
  EXPECT_EQ(human_count(1234567), "1 234 567");
  EXPECT_EQ(human_count(-123), "-123");
  EXPECT_EQ(human_count(-1234), "-1 234");
}

TEST(HumanDuration, NeedsNoCalculation) {
  EXPECT_EQ(human_duration(Milliseconds(840)), "840 ms");
  EXPECT_EQ(human_duration(Milliseconds(12'340)), "12.3 s");
  EXPECT_EQ(human_duration(Milliseconds(250'000)), "4 min 10 s");
  EXPECT_EQ(human_duration(Milliseconds(11'100'000)), "3 h 05 min");
  EXPECT_EQ(human_duration(Milliseconds(59'990)), "59.9 s") << "60.0 s would be a minute";
}

TEST(Durations, AreReadStrictly) {
  EXPECT_EQ(parse_duration_ms("500ms"), 500);
  EXPECT_EQ(parse_duration_ms("2s"), 2000);
  EXPECT_EQ(parse_duration_ms("5m"), 300'000);
  EXPECT_EQ(parse_duration_ms("1h"), 3'600'000);
  for (const char* text :
       {"", "2", "s", "2 s", "-2s", "2.5s", "2S", "2sec", "25h", "86400001ms", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration_ms(text), std::nullopt) << text;
  }
}

TEST(Durations, OfATimeoutAreFromOneMillisecondToADay) {
  EXPECT_EQ(parse_timeout_ms("1ms"), 1);
  EXPECT_EQ(parse_timeout_ms("24h"), 86'400'000);
  EXPECT_EQ(parse_duration_ms("0s"), 0);
  for (const char* text : {"0s", "0ms", "1441m", "9223372036854775807h", "1000000000h"})
    EXPECT_EQ(parse_timeout_ms(text), std::nullopt) << text;
}

TEST(Integers, AreReadStrictly) {
  EXPECT_EQ(parse_integer("-12"), -12);
  for (const char* text : {"", "+1", " 1", "1 ", "1x", "0x1", "9223372036854775808"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split(" a ,, b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), std::vector<std::string>{""});
}

TEST(Sha256, IsSha256) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Utf8, FindsTheFirstWrongByte) {
  EXPECT_EQ(find_invalid_utf8("größe \xF0\x9F\x98\x80"), std::nullopt);
  EXPECT_EQ(find_invalid_utf8("a\x80"), 1U);
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U) << "above U+10FFFF";
  EXPECT_EQ(find_invalid_utf8("\xE0\x80\x80"), 0U) << "overlong";
}

TEST(Clock, WritesTimesInUtc) {
  EXPECT_EQ(to_iso8601(1767528000123), "2026-01-04T12:00:00Z");
  EXPECT_EQ(to_version(1767528000123), "20260104120000");
}

TEST(Process, KnowsWhoLives) {
  const ProcessId self = this_process();
  EXPECT_EQ(liveness_of(self), Liveness::kAlive);
  ProcessId reused = self;
  reused.start_time += 1;
  EXPECT_EQ(liveness_of(reused), Liveness::kDead) << "another process has that pid now";
  ProcessId elsewhere = self;
  elsewhere.host += "x";
  EXPECT_EQ(liveness_of(elsewhere), Liveness::kUnknown);
}

// DESIGN.md section 5. What is not listed exits with 1.
TEST(ErrorCodes, HaveTheDocumentedExitCodes) {
  const std::map<Code, int> special = {{Code::kUsage, 2},
                                       {Code::kConfig, 2},
                                       {Code::kInvalidFile, 2},
                                       {Code::kNotAvailable, 2},
                                       {Code::kNotFound, 2},
                                       {Code::kGateClosed, 3},
                                       {Code::kLockTimeout, 5},
                                       {Code::kBusy, 5},
                                       {Code::kRunHeld, 5},
                                       {Code::kLeaseLost, 5},
                                       {Code::kDeployLockHeld, 5},
                                       {Code::kInterrupted, 6},
                                       {Code::kVerificationFailed, 7}};
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    const auto code = static_cast<Code>(i);
    EXPECT_EQ(exit_code(code), special.contains(code) ? special.at(code) : 1) << to_string(code);
    EXPECT_TRUE(names.insert(to_string(code)).second) << to_string(code) << " stands twice";
    EXPECT_EQ(to_string(code).find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace weir
