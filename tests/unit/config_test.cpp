// Where the URL and the settings come from.
#include "project/config.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/temp_dir.hpp"

namespace weir::project {
namespace {

using test::place_of_error;
using test::thrown_by;

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override { ::unsetenv("DATABASE_URL"); }
  void TearDown() override { ::unsetenv("DATABASE_URL"); }
  Config load(const std::optional<std::string>& option = std::nullopt) { return load_config(dir_.path(), option); }
  Error refused(const std::string& toml) {
    dir_.write("weir.toml", toml);
    return thrown_by([&] { load(); });
  }
  test::TempDir dir_;
};

TEST_F(ConfigTest, HasDefaultsThatNeedNoFile) {
  const Config config = load();
  EXPECT_EQ(config.url, std::nullopt);
  EXPECT_EQ(config.schema_folder, "db/migrate");
  EXPECT_EQ(config.data_folder, "db/data");
  EXPECT_EQ(config.inline_rows, 10'000);
  EXPECT_EQ(config.lock_timeout, Milliseconds(2000));
}

TEST_F(ConfigTest, TakesTheUrlFromTheStrongestSource) {
  ::setenv("DATABASE_URL", "sqlite:env.db", 1);
  EXPECT_EQ(load().url_source, "DATABASE_URL");
  dir_.write(".env", "DATABASE_URL=sqlite:dotenv.db\n");
  EXPECT_EQ(load().url, "sqlite:dotenv.db");
  EXPECT_EQ(load().url_source, ".env");
  dir_.write("weir.toml", "url = \"sqlite:toml.db\"\n");
  EXPECT_EQ(load().url, "sqlite:toml.db");
  EXPECT_EQ(load().url_source, "weir.toml");
  EXPECT_EQ(load("sqlite:option.db").url, "sqlite:option.db");
  EXPECT_EQ(load("sqlite:option.db").url_source, "--url");
}

TEST_F(ConfigTest, SaysWhereTheDumpGoesAndWhenItIsWritten) {
  EXPECT_EQ(load().dump_file, "db/schema.sql");
  EXPECT_FALSE(load().dump_after_migrate);
  dir_.write("weir.toml", "[dump]\nfile = \"db/structure.sql\"\nafter_migrate = true\n");
  EXPECT_EQ(load().dump_file, "db/structure.sql");
  EXPECT_TRUE(load().dump_after_migrate);
  EXPECT_EQ(place_of_error(refused("[dump]\nafter_migrate = \"yes\"\n")), "2:17");
  EXPECT_NE(refused("[dump]\nflie = \"x\"\n").hint().find("dump.file"), std::string::npos);
}

TEST_F(ConfigTest, FindsTheProjectInAParentFolder) {
  dir_.write("weir.toml",
             "inline_rows = 5\nkeep_days = 30\nlock_timeout = \"500ms\"\n[paths]\nschema = \"a\"\ndata = \"b\"\n");
  dir_.write("deep/er/x", "");
  const Config config = load_config(dir_.path() / "deep/er", std::nullopt);
  EXPECT_EQ(config.root, dir_.path());
  EXPECT_EQ(config.inline_rows, 5);
  EXPECT_EQ(config.keep_days, 30);
  EXPECT_EQ(config.lock_timeout, Milliseconds(500));
  EXPECT_EQ(config.schema_folder, "a");
  EXPECT_EQ(config.data_folder, "b");
}

TEST_F(ConfigTest, RefusesUnknownKeysAtTheirPlace) {
  const Error error = refused("url = \"sqlite:a.db\"\n\n  inline_row = 5\n");
  EXPECT_EQ(error.code(), Code::kConfig);
  EXPECT_EQ(place_of_error(error), "3:3");
  EXPECT_EQ(error.hint(), "did you mean 'inline_rows'?");
  EXPECT_EQ(place_of_error(refused("[paths]\nschemas = \"x\"\n")), "2:1");
}

TEST_F(ConfigTest, RefusesValuesOfTheWrongKind) {
  EXPECT_EQ(place_of_error(refused("inline_rows = \"many\"\n")), "1:15");
  EXPECT_EQ(place_of_error(refused("inline_rows = -1\n")), "1:15");
  EXPECT_EQ(place_of_error(refused("keep_days = 0\n")), "1:13");
  EXPECT_EQ(place_of_error(refused("\nlock_timeout = 2\n")), "2:16");
  EXPECT_EQ(refused("paths = 3\n").code(), Code::kConfig);
  EXPECT_EQ(refused("url = \"\"\n").code(), Code::kConfig);
  EXPECT_EQ(refused("url = \n").place()->line, 1);
}

// Invariant 12: the line of a URL that cannot be read is named and not shown, by the parser's words neither.
TEST_F(ConfigTest, NeverShowsALineThatMayHoldAPassword) {
  for (const char* toml : {"url = \"postgres://u:geheim@h/d\n", "url = \"postgres://u:geheim@h/d\" geheim\n",
                           "url = geheim\n", "url = [\"postgres://u:geheim@h/d\"]\n",
                           "URL = \"postgres://u:geheim@h/d\"\n", "DATABASE = \"postgres://u:geheim@h/d\"\n",
                           "url = \"\"\"\npostgres://u:geheim@h/d\n", "password = \"geheim\"\n"}) {
    const Error error = refused(toml);
    EXPECT_EQ(error.code(), Code::kConfig) << toml;
    EXPECT_EQ(test::everything_said(error).find("geheim"), std::string::npos) << test::everything_said(error);
  }
  EXPECT_EQ(refused("inline_rows = x\n").place()->line_text, "inline_rows = x");
}

TEST_F(ConfigTest, TakesALockTimeoutFromOneMillisecondToADay) {
  EXPECT_EQ(refused("lock_timeout = \"0s\"\n").code(), Code::kConfig);
  EXPECT_EQ(refused("lock_timeout = \"1000000000h\"\n").code(), Code::kConfig);
}

TEST(Dotenv, ReadsValuesAsShellsWriteThem) {
  const auto values = parse_dotenv(
      "# comment\n\nA=1\nexport B = two words # not this\nC=\"x # y\"\nD='z'\nE=\nF=a=b\nG=postgres://u:p#w@h/d\n",
      ".env");
  EXPECT_EQ(values.at("A"), "1");
  EXPECT_EQ(values.at("B"), "two words");
  EXPECT_EQ(values.at("C"), "x # y");
  EXPECT_EQ(values.at("D"), "z");
  EXPECT_EQ(values.at("E"), "");
  EXPECT_EQ(values.at("F"), "a=b");
  EXPECT_EQ(values.at("G"), "postgres://u:p#w@h/d");
}

TEST(Dotenv, ReadsAQuotedValueWithACommentBehindIt) {
  EXPECT_EQ(parse_dotenv("A=\"x\" # y\n", ".env").at("A"), "x");
  EXPECT_EQ(parse_dotenv("A='x # z' # y\n", ".env").at("A"), "x # z");
}

// Invariant 12: a line that cannot be read may hold a secret and is not shown.
TEST(Invariant12NoSecret, ABrokenLineOfDotenvIsNamedButNotShown) {
  const Error error = thrown_by([] { parse_dotenv("A=1\npostgres://u:geheim@h/d\n", ".env"); });
  EXPECT_EQ(error.code(), Code::kConfig);
  EXPECT_EQ(place_of_error(error), "2:1");
  EXPECT_EQ(test::everything_said(error).find("geheim"), std::string::npos);
}

}  // namespace
}  // namespace weir::project
