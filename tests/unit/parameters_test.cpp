// Parameters: checked when given, never printed.
#include "backfill/parameters.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/dialects.hpp"
#include "support/expect_error.hpp"

namespace weir::backfill {
namespace {

using test::thrown_by;

project::Migration with(const std::string& declarations) {
  return project::parse_migration(project::Kind::kData, "1_a.sql", "1_a.sql",
                                  declarations + "-- over: t\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch",
                                  test::sqlite());
}

TEST(Parameters, FillInDefaults) {
  EXPECT_EQ(resolve_parameters(with("-- param: a integer 7\n-- param: b text\n"), {{"b", "x y"}}),
            (ParameterValues{{"a", "7"}, {"b", "x y"}}));
}

TEST(Parameters, AreRefusedWhenMissingOrUnknown) {
  EXPECT_EQ(thrown_by([] { resolve_parameters(with("-- param: a text\n"), {}); }).code(), Code::kUsage);
  const Error unknown = thrown_by([] { resolve_parameters(with("-- param: limit text x\n"), {{"limt", "1"}}); });
  EXPECT_EQ(unknown.code(), Code::kUsage);
  EXPECT_EQ(unknown.hint(), "did you mean 'limit'?");
}

struct Typed {
  const char* type;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

TEST(Invariant12NoSecret, AValueOfTheWrongTypeIsRefusedWithoutShowingIt) {
  const Typed kTypes[] = {
      {"integer", {"0", "-5"}, {"geheim", "1.5", "", "1 OR 1=1"}},
      {"number", {"0.5", "-1e3"}, {"geheim", "nan", "inf", "", "1,5"}},
      {"boolean", {"true", "false"}, {"geheim", "TRUE", "1", ""}},
      {"date", {"2026-01-31"}, {"geheim", "31.01.2026", "2026-1-1"}},
      {"timestamp", {"2026-01-31T12:00:00Z", "2026-01-31 12:00:00"}, {"geheim", "2026-01-31"}},
      {"uuid", {"123e4567-e89b-12d3-a456-426614174000"}, {"geheim", "123e4567e89b12d3a456426614174000"}},
      {"text", {"", "'; DROP TABLE t; --"}, {}},
  };
  for (const auto& [type, good, bad] : kTypes) {
    const auto migration = with(std::string("-- param: p ") + type + "\n");
    for (const auto& value : good)
      EXPECT_NO_THROW(resolve_parameters(migration, {{"p", value}})) << type << " " << value;
    for (const auto& value : bad) {
      const Error error = thrown_by([&] { resolve_parameters(migration, {{"p", value}}); });
      EXPECT_EQ(error.code(), Code::kUsage) << type << " " << value;
      EXPECT_EQ(test::everything_said(error).find("geheim"), std::string::npos);
      EXPECT_NE(error.message().find("'p'"), std::string::npos);
    }
  }
}

TEST(Parameters, AreRefusedWhenTheyAreNoText) {
  EXPECT_EQ(thrown_by([] { resolve_parameters(with("-- param: p text\n"), {{"p", "\xff"}}); }).code(), Code::kUsage);
}

RC_GTEST_PROP(Parameters, ComeBackFromTheLedgerAsTheyWere, ()) {
  const auto values =
      *rc::gen::container<ParameterValues>(rc::gen::nonEmpty(rc::gen::string<std::string>()),
                                           rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)));
  ParameterValues ascii;
  for (const auto& [name, value] : values) ascii["n" + std::to_string(ascii.size())] = value;
  RC_ASSERT(decode_parameters(encode_parameters(ascii)) == ascii);
}

TEST(Parameters, ThatCannotBeReadAreReported) {
  for (const char* text : {"", "[]", "{", "{\"a\":1}"}) {
    EXPECT_EQ(thrown_by([&] { decode_parameters(text); }).code(), Code::kLedgerCorrupt) << text;
  }
}

}  // namespace
}  // namespace weir::backfill
