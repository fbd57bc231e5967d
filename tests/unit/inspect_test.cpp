// `weir inspect` as scripts see it: the JSON form, the exit codes, and what is taken from the surroundings.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/child_process.hpp"
#include "support/places.hpp"
#include "support/temp_dir.hpp"

namespace weir {
namespace {

using nlohmann::json;

class Inspect : public ::testing::Test {
 protected:
  test::Ended run(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) const {
    arguments.insert(arguments.begin(), {test::program_path(), "inspect"});
    environment.emplace("DATABASE_URL", "");
    return test::run_process(arguments, environment, folder_.path().string());
  }
  json read(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) const {
    arguments.push_back("--json");
    const auto ended = run(arguments, std::move(environment));
    EXPECT_EQ(ended.exit_code, ended.out.find("\"error\"") == std::string::npos ? 0 : 2) << ended.out;
    EXPECT_EQ(ended.err, "");
    return json::parse(ended.out);
  }

  test::TempDir folder_;
};

TEST_F(Inspect, PrintsSectionsAndStatementsAsSettled) {
  folder_.write("20260101000000_a.sql",
                "-- migrate:up lock_timeout:500ms\nALTER TABLE users ADD c int;\n  CREATE INDEX CONCURRENTLY i\n    ON "
                "users (c);\nSELECT f(1)\n-- migrate:down transaction:false\nDROP TABLE \"A\", b;\n");
  const json answer = read({"20260101000000_a.sql", "--engine", "postgres"});
  EXPECT_EQ(answer["schema"], 1);
  EXPECT_EQ(answer["format"], "dbmate");
  EXPECT_EQ(answer["engine"], "postgres");
  ASSERT_EQ(answer["sections"].size(), 2U);
  const json& up = answer["sections"][0];
  EXPECT_EQ(up["name"], "up");
  EXPECT_EQ(up["options"], json::parse(R"({"transaction":true,"lock_timeout":"500ms"})"));
  ASSERT_EQ(up["statements"].size(), 3U);
  EXPECT_EQ(up["statements"][0], json::parse(R"({"text":"ALTER TABLE users ADD c int","line":2,"column":1,
    "last_line":2,"transactional":true,"tables":["users"],"tables_known":true})"));
  EXPECT_EQ(up["statements"][1]["text"], "CREATE INDEX CONCURRENTLY i\n    ON users (c)");
  EXPECT_EQ(up["statements"][1]["line"], 3);
  EXPECT_EQ(up["statements"][1]["column"], 3);
  EXPECT_EQ(up["statements"][1]["last_line"], 4);
  EXPECT_EQ(up["statements"][1]["transactional"], false);
  EXPECT_EQ(up["statements"][2]["tables"], json::array());
  EXPECT_EQ(up["statements"][2]["tables_known"], false);
  const json& down = answer["sections"][1];
  EXPECT_EQ(down["name"], "down");
  EXPECT_EQ(down["options"]["transaction"], false);
  EXPECT_EQ(down["statements"][0]["transactional"], false);
  EXPECT_EQ(down["statements"][0]["tables"], json::parse(R"(["a","b"])"));
}

TEST_F(Inspect, ReadsAFileWithoutMarkersAsOneSectionUp) {
  folder_.write("dump.sql", "SELECT 1; SELECT 2");
  for (const auto* engine : {"postgres", "postgresql", "mysql", "mariadb", "sqlite"}) {
    const json answer = read({"dump.sql", "--engine", engine});
    ASSERT_EQ(answer["sections"].size(), 1U);
    EXPECT_EQ(answer["sections"][0]["name"], "up");
    EXPECT_EQ(answer["sections"][0]["statements"].size(), 2U);
  }
}

TEST_F(Inspect, SaysWhereAFileCannotBeRead) {
  folder_.write("a.sql", "SELECT 1;\nSELECT 'open;");
  const json error = read({"a.sql", "--engine", "postgres"})["error"];
  EXPECT_EQ(error["code"], "invalid-file");
  EXPECT_EQ(error["file"], "a.sql");
  EXPECT_EQ(error["line"], 2);
  EXPECT_EQ(error["column"], 8);
  EXPECT_FALSE(error["hint"].get<std::string>().empty());
}

TEST_F(Inspect, TakesTheEngineFromTheProject) {
  folder_.write("a.sql", "SELECT `a;`;");
  EXPECT_EQ(read({"a.sql"})["error"]["code"], "usage");
  EXPECT_EQ(read({"a.sql"}, {{"DATABASE_URL", "mysql://localhost/x"}})["engine"], "mysql");
  EXPECT_EQ(read({"a.sql", "--engine", "sqlite"}, {{"DATABASE_URL", "mysql://localhost/x"}})["engine"], "sqlite");
  EXPECT_EQ(read({"a.sql", "--engine", "oracle"})["error"]["code"], "usage");
  EXPECT_EQ(read({"none.sql", "--engine", "mysql"})["error"]["code"], "not-found");
}

TEST_F(Inspect, TakesTheFormatFromTheOption) {
  folder_.write("a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n");
  EXPECT_EQ(read({"a.sql", "--engine", "sqlite"})["sections"].size(), 2U);
  const json raw = read({"a.sql", "--engine", "sqlite", "--format", "raw"});
  ASSERT_EQ(raw["sections"].size(), 1U);
  EXPECT_EQ(raw["sections"][0]["statements"].size(), 2U);
  EXPECT_EQ(read({"a.sql", "--engine", "sqlite", "--format", "rwa"})["error"]["code"], "usage");
}

TEST_F(Inspect, FindsWhatFlywayKeepsBesideTheFile) {
  folder_.write("V1__a.sql", "GRANT ALL ON t TO ${owner}, ${Reader}; SELECT '${flyway:filename}'");
  folder_.write("V1__a.sql.conf", "executeInTransaction=false\n");
  folder_.write("flyway.conf", "# names\nflyway.placeholders.owner = ann\n");
  EXPECT_EQ(read({"V1__a.sql", "--engine", "postgres"})["error"]["line"], 1);
  const json answer = read({"V1__a.sql", "--engine", "postgres"}, {{"FLYWAY_PLACEHOLDERS_READER", "bob"}});
  EXPECT_EQ(answer["format"], "flyway");
  const json& up = answer["sections"][0];
  EXPECT_EQ(up["options"]["transaction"], false);
  EXPECT_EQ(up["statements"][0]["text"], "GRANT ALL ON t TO ann, bob");
  EXPECT_EQ(up["statements"][1]["text"], "SELECT 'V1__a.sql'");
}

TEST_F(Inspect, ShowsAPersonLinesTransactionsAndTables) {
  folder_.write("20260101000000_a.sql", "-- migrate:up\nVACUUM\n  ;DROP TABLE t;\n");
  const auto ended = run({"20260101000000_a.sql", "--engine", "sqlite"});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.out.find("up  2 statements"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("2  VACUUM\n             without transaction, any table"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("3  DROP TABLE t\n             in a transaction, t"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace weir
