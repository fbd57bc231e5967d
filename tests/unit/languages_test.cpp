// What is known about an engine's SQL without a connection.
#include "engines/languages.hpp"

#include <gtest/gtest.h>

#include "sql/transaction_control.hpp"
#include "support/expect_error.hpp"

namespace weir::engines {
namespace {

TEST(Languages, AreFoundByEveryNameOfTheEngine) {
  EXPECT_EQ(language_of("postgresql").name, "postgres");
  EXPECT_EQ(language_of("MariaDB").name, "mariadb");
  EXPECT_EQ(language_of(db::parse_url("mysql://localhost/x")).name, "mysql");
  const Error error = test::thrown_by([] { language_of("postgre"); });
  EXPECT_EQ(error.code(), Code::kUsage);
  EXPECT_NE(error.hint().find("postgres"), std::string::npos);
}

struct Case {
  const char* engine;
  const char* statement;
  bool in_transaction;
};

class RunsInTransaction : public ::testing::TestWithParam<Case> {};

TEST_P(RunsInTransaction, AsTheManualSays) {
  EXPECT_EQ(language_of(GetParam().engine).runs_in_transaction(GetParam().statement), GetParam().in_transaction)
      << GetParam().statement;
}

INSTANTIATE_TEST_SUITE_P(Cases, RunsInTransaction,
                         ::testing::ValuesIn(std::vector<Case>{
                             {"postgres", "CREATE INDEX CONCURRENTLY i ON t (a)", false},
                             {"postgres", "CREATE INDEX i ON t (a)", true},
                             {"sqlite", "PRAGMA foreign_keys = off", false},
                             {"mysql", "INSERT INTO t VALUES (1)", true},
                             {"mysql", "UPDATE t SET a = 1", true},
                             {"mysql", "SET @a = 1", true},
                             {"mysql", "SET autocommit = 1", false},
                             {"mysql", "SET PASSWORD = 'x'", false},
                             {"mysql", "CREATE TABLE t (a int)", false},
                             {"mysql", "DROP TABLE t", false},
                             {"mysql", "/* a */ alter table t add b int", false},
                             {"mysql", "/*!40000 ALTER TABLE t DISABLE KEYS */", false},
                             {"mariadb", "/*M!100100 ALTER TABLE t ADD b int */", false},
                             {"mysql", "TRUNCATE t", false},
                             {"mysql", "LOCK TABLES t WRITE", false},
                             {"mysql", "ANALYZE TABLE t", false},
                             {"mysql", "LOAD DATA INFILE 'x' INTO TABLE t", true},
                             {"mysql", "LOAD INDEX INTO CACHE t", false},
                             {"mysql", "START REPLICA", false},
                             {"mysql", "GRANT SELECT ON t TO u", false},
                             {"mysql", "CALL p()", false},
                         }));

TEST(TransactionControl, IsNotTheBeginOfACompoundStatement) {
  EXPECT_TRUE(sql::controls_transaction("BEGIN", language_of("mariadb").dialect));
  EXPECT_TRUE(sql::controls_transaction("BEGIN WORK", language_of("mariadb").dialect));
  EXPECT_FALSE(sql::controls_transaction("BEGIN NOT ATOMIC SELECT 1; END", language_of("mariadb").dialect));
  EXPECT_TRUE(sql::controls_transaction("/*!40101 COMMIT */", language_of("mysql").dialect));
}

}  // namespace
}  // namespace weir::engines
