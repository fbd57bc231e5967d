// Which tool a file belongs to, told by its text and then by its name.
#include <gtest/gtest.h>

#include "project/formats/format.hpp"
#include "support/dialects.hpp"
#include "support/expect_error.hpp"

namespace weir::project::formats {
namespace {

Format detected(const std::string& text, const std::string& file_name = "1_a.sql") {
  return detect_format({file_name, file_name, text, {}}, test::postgres());
}

TEST(Formats, AreToldByTheirMarkers) {
  EXPECT_EQ(detected("-- migrate:up\nSELECT 1;\n"), Format::kDbmate);
  EXPECT_EQ(detected("-- over: t\n--migrate:batch\nSELECT 1;\n"), Format::kDbmate);
  EXPECT_EQ(detected("-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n"), Format::kGoose);
  EXPECT_EQ(detected("-- no-transaction\nSELECT 1;\n"), Format::kSqlx);
  EXPECT_EQ(detected("SELECT 1;\n---- create above / drop below ----\n"), Format::kTern);
  EXPECT_EQ(detected("--! Previous: -\n--! Hash: sha1:1\n\nSELECT 1;\n"), Format::kGraphileMigrate);
  EXPECT_EQ(detected("-- atlas:txmode none\n\nSELECT 1;\n"), Format::kAtlas);
  EXPECT_EQ(detected("--liquibase formatted sql\n"), Format::kLiquibase);
}

TEST(Formats, AreToldByTheFileNameWhereTheTextSaysNothing) {
  EXPECT_EQ(detected("SELECT 1", "V1_2.3__a.sql"), Format::kFlyway);
  EXPECT_EQ(detected("SELECT 1", "R__views.sql"), Format::kFlyway);
  EXPECT_EQ(detected("SELECT 1", "Vx__a.sql"), Format::kRaw);
  EXPECT_EQ(detected("SELECT 1", "1_a.up.sql"), Format::kGolangMigrate);
  EXPECT_EQ(detected("SELECT 1"), Format::kRaw);
}

TEST(Formats, AreNotToldByWhatStandsInStringsAndBodies) {
  EXPECT_EQ(detected("SELECT '\n-- migrate:up\n'"), Format::kRaw);
  EXPECT_EQ(detected("SELECT $$\n-- +goose Up\n$$"), Format::kRaw);
  EXPECT_EQ(detected("/*\n-- atlas:txmode none\n*/"), Format::kRaw);
}

// A marker that nobody meant is a comment; one that was forgotten before the first statement is not.
TEST(Formats, TakeAMarkerBehindAStatementForOneOnlyWhenItIsWrittenAsUsual) {
  EXPECT_EQ(detected("SELECT 1;\n--migrate:up\nSELECT 2;"), Format::kRaw);
  EXPECT_EQ(detected("SELECT 1;\n-- migrate:up\nSELECT 2;"), Format::kDbmate);
}

TEST(Formats, HaveNames) {
  EXPECT_EQ(format_named("golang-migrate"), Format::kGolangMigrate);
  const Error error = test::thrown_by([] { format_named("gose"); });
  EXPECT_EQ(error.code(), Code::kUsage);
  EXPECT_NE(error.hint().find("goose"), std::string::npos);
}

TEST(Formats, TellWhetherAFileCanBeUndone) {
  const auto reversible = [](Format format, const std::string& text) {
    return read_file(format, {"1_a.sql", "1_a.sql", text, {}}, {}, test::postgres()).reversible;
  };
  EXPECT_TRUE(reversible(Format::kDbmate, "-- migrate:up\nSELECT 1;\n-- migrate:down\n"));
  EXPECT_FALSE(reversible(Format::kDbmate, "-- migrate:up\nSELECT 1;\n"));
  EXPECT_FALSE(reversible(Format::kTern, "SELECT 1;\n"));
  EXPECT_FALSE(reversible(Format::kGraphileMigrate, "SELECT 1;\n"));
}

TEST(Flyway, KeepsThePlacesOfStatementsBehindPlaceholders) {
  const auto contents = read_file(Format::kFlyway, {"V1__a.sql", "V1__a.sql", "SELECT ${a}; SELECT 2;\nSELECT 3;", {}},
                                  {{"a", "1,\n2,\n3"}}, test::postgres());
  const auto& statements = contents.sections[0].statements;
  ASSERT_EQ(statements.size(), 3U);
  EXPECT_EQ(statements[0].text, "SELECT 1,\n2,\n3");
  EXPECT_EQ(std::pair(statements[1].line, statements[1].column), std::pair(1, 14));
  EXPECT_EQ(std::pair(statements[2].line, statements[2].column), std::pair(2, 1));
}

}  // namespace
}  // namespace weir::project::formats
