// Values, and keys as the ledger stores them.
#include "db/value.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

#include "support/expect_error.hpp"

namespace weir::db {
namespace {

using test::thrown_by;

rc::Gen<Value> any_value() {
  const auto bytes = rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  return rc::gen::oneOf(
      rc::gen::just(Value(std::monostate{})),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t i) { return Value(i); }),
      rc::gen::map(rc::gen::arbitrary<double>(), [](double d) { return Value(std::isnan(d) ? 0.5 : d); }),
      rc::gen::map(bytes, [](std::string s) { return Value(std::move(s)); }),
      rc::gen::map(bytes, [](std::string s) { return Value(Blob{std::move(s)}); }));
}

RC_GTEST_PROP(Key, ComesBackExactlyAsItWasStored, ()) {
  const Row key = *rc::gen::container<Row>(any_value());
  RC_ASSERT(decode_key(encode_key(key)) == key);
}

TEST(Key, KeepsTheExtremes) {
  const Row key{std::numeric_limits<std::int64_t>::min(),
                std::numeric_limits<std::int64_t>::max(),
                std::numeric_limits<double>::infinity(),
                -std::numeric_limits<double>::infinity(),
                1.0,
                0.1,
                std::numeric_limits<double>::denorm_min(),
                std::string("\xff\x00z", 3),
                Blob{std::string("\0\x80", 2)},
                std::string("\"\\\n{\"text\":\"00\"}")};
  const Row back = decode_key(encode_key(key));
  EXPECT_EQ(back, key);
  EXPECT_TRUE(std::holds_alternative<double>(back[4])) << "1.0 stays a float";
}

TEST(Key, RefusesWhatWeirNeverWrote) {
  for (const char* text : {"", "x", "{}", "[1", "[{\"a\":1}]", "[{\"a\":\"b\"}]", "[true]", "[{\"blob\":\"0\"}]",
                           "[{\"blob\":\"zz\"}]", "[{\"blob\":\"0x\"}]", "[[1]]"}) {
    EXPECT_EQ(thrown_by([&] { decode_key(text); }).code(), Code::kLedgerCorrupt) << text;
  }
}

TEST(Value, SpellsIntegersFromEveryEngine) {
  EXPECT_EQ(as_integer(std::int64_t{-7}), -7);
  EXPECT_EQ(as_integer(std::string("42")), 42);
  EXPECT_EQ(thrown_by([] { as_integer(std::string("4x")); }).code(), Code::kLedgerCorrupt);
  EXPECT_EQ(thrown_by([] { as_integer(Value{}); }).code(), Code::kLedgerCorrupt);
}

TEST(Bind, RefusesANameWithoutValue) {
  EXPECT_EQ(bind({"b", "a", "b"}, {{"a", std::int64_t{1}}, {"b", std::int64_t{2}}}),
            (Row{std::int64_t{2}, std::int64_t{1}, std::int64_t{2}}));
  EXPECT_EQ(thrown_by([] { bind({"c"}, {}); }).code(), Code::kInternal);
}

}  // namespace
}  // namespace weir::db
