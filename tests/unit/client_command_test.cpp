// What the splitter leaves out: nothing but blanks, comments, terminators and the client's own commands.
#include <gtest/gtest.h>

#include "sql/splitter.hpp"
#include "support/dialects.hpp"
#include "support/expect_error.hpp"

namespace weir::sql {
namespace {

std::vector<Statement> split(std::string_view text, const Dialect& dialect) {
  return split_statements(text, dialect, {"f.sql"});
}

TEST(ClientCommands, LeaveThePlacesOfStatementsAlone) {
  const auto statements = split("DELIMITER //\n  SELECT 1//\nDELIMITER ;\nSELECT 2; SELECT 3", test::mysql());
  ASSERT_EQ(statements.size(), 3U);
  EXPECT_EQ(std::pair(statements[0].line, statements[0].column), std::pair(2, 3));
  EXPECT_EQ(std::pair(statements[1].line, statements[1].column), std::pair(4, 1));
  EXPECT_EQ(std::pair(statements[2].line, statements[2].column), std::pair(4, 11));
}

TEST(ClientCommands, OfOneEngineAreNoneOfAnother) {
  EXPECT_EQ(split("source other.sql; SELECT 1", test::postgres()).size(), 2U);
  EXPECT_EQ(split("DELIMITER //; SELECT 1", test::sqlite()).size(), 2U);
  EXPECT_EQ(split("/*!40101 SET a; */ SELECT 1", test::sqlite()).size(), 1U);
}

TEST(ClientCommands, OfADumpAreRefusedInAMigration) {
  const std::string text = "\\restrict k\nSELECT 1;\n\\unrestrict k\n";
  const Error error = test::thrown_by([&] { split(text, test::postgres()); });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  const auto statements =
      split_statements(text, test::postgres(), {"f.sql"}, SplitOptions{nullptr, TextKind::kDump, ""});
  EXPECT_EQ(statements.size(), 1U);
}

TEST(SplitOptions, TakeAnotherTerminatorFromTheBeginning) {
  const auto statements = split_statements("SELECT 1;\ngo\nSELECT 2\ngo", test::postgres(), {"f.sql"},
                                           SplitOptions{nullptr, TextKind::kMigration, "\ngo"});
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[0].text, "SELECT 1;");
}

// The time of a text of several megabytes in pathological shapes; quadratic work would take hours.
TEST(Splitter, IsLinearInHardShapes) {
  const auto repeated = [](std::string_view unit, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += unit;
    return text;
  };
  EXPECT_EQ(split("INSERT INTO t VALUES ('" + repeated("abcdefgh;", 500'000) + "');", test::mysql()).size(), 1U);
  EXPECT_EQ(split(repeated("SELECT 1;\n", 200'000), test::mariadb()).size(), 200'000U);
  EXPECT_EQ(split(repeated("DELIMITER //\nSELECT 1//\nDELIMITER ;\n", 50'000), test::mysql()).size(), 50'000U);
  EXPECT_EQ(split(repeated("$ ", 500'000), test::postgres()).size(), 1U);
  EXPECT_EQ(split(repeated("use db\n", 100'000), test::mysql()).size(), 100'000U);
  EXPECT_EQ(split(repeated("/*!1 a */ ", 200'000), test::mysql()).size(), 1U);
  EXPECT_EQ(
      split("CREATE PROCEDURE p() BEGIN " + repeated("IF a THEN SELECT 1; END IF; ", 50'000) + "END;", test::mysql())
          .size(),
      1U);
}

}  // namespace
}  // namespace weir::sql
