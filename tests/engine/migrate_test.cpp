// Deploys: in order, whole or not at all, and what waits says for what.
#include <fmt/format.h>

#include "engines/registry.hpp"
#include "ledger/history.hpp"
#include "ledger/runs.hpp"
#include "migrate/deployer.hpp"
#include "migrate/rollback.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using migrate::Action;
using test::DatabaseTest;
using test::thrown_by;

constexpr const char* kTable =
    "-- migrate:up\nCREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL, a text);\n"
    "-- migrate:down\nDROP TABLE t;\n";
constexpr const char* kFill =
    "-- requires: table\n-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- migrate:batch\n"
    "UPDATE t SET a = 'x', n = n + 1 WHERE :batch\n";

class Migrate : public DatabaseTest {
 protected:
  // "table:applied fill:applied", in order.
  std::string history() {
    auto book = ledger::Ledger::open(database(), connection());
    if (!book) return "no ledger";
    std::string text;
    for (const auto& entry : ledger::read_history(*book)) {
      text += (text.empty() ? "" : " ") + entry.name +
              (entry.state == ledger::EntryState::kApplied ? "" : ":" + std::to_string(entry.statements_done));
    }
    return text;
  }
  void rows(int count) {
    for (int i = 0; i < count; ++i) exec("INSERT INTO t (id, n) SELECT coalesce(max(id), 0) + 1, 0 FROM t");
  }
  std::string contract() const {
    return "-- requires: fill\n-- migrate:up\nCREATE INDEX t_n ON t (n);\n-- migrate:down\n" +
           pick<std::string>("DROP INDEX t_n;\n", "DROP INDEX t_n;\n", "DROP INDEX t_n ON t;\n");
  }
  // The project of a change in three steps; tables with more rows than `inline_rows` are left to `weir run`.
  void three_steps(int inline_rows = 10'000) {
    schema("1_table", kTable);
    data("2_fill", kFill);
    schema("3_contract", contract());
    project().write("weir.toml", "inline_rows = " + std::to_string(inline_rows) + "\n");
  }
  std::vector<migrate::RolledBack> roll_back(const migrate::RollbackOptions& options) {
    const auto all = timeline();
    migrate::DeployObserver quiet;
    return migrate::roll_back(database(), config(), all, clock(), stop(), quiet, options);
  }
};
WEIR_ON_EVERY_ENGINE(Migrate);

// What only PostgreSQL has.
class PostgresMigrate : public Migrate {};
WEIR_ON_POSTGRES(PostgresMigrate);

TEST_P(Migrate, AppliesEverythingInOrderOnAnEmptyDatabase) {
  three_steps();
  EXPECT_EQ(deploy().results.size(), 3U);
  EXPECT_EQ(history(), "table fill contract");
  EXPECT_TRUE(deploy().results.empty()) << "a second deploy has nothing to do";
}

TEST_P(Migrate, AFailingStatementLeavesNothingOfItsMigrationWhereDdlIsTransactional) {
  schema("1_table", kTable);
  schema("2_bad", "-- migrate:up\nALTER TABLE t ADD COLUMN b int;\n\n  INSERT INTO missing VALUES (1);\n");
  const Error error = thrown_by([&] { deploy(); });
  EXPECT_EQ(error.code(), Code::kUndefinedObject);
  ASSERT_TRUE(error.place());
  EXPECT_EQ(error.place()->file, "db/migrate/2_bad.sql");
  EXPECT_EQ(error.place()->line, 4);
  if (!transactional_ddl()) {
    EXPECT_EQ(history(), "table bad:1") << "what is done is known";
    return;
  }
  EXPECT_EQ(history(), "table");
  EXPECT_EQ(connection().describe_table("t")->columns.size(), 3U) << "the first statement was rolled back too";
}

TEST_P(Migrate, OfMigrationsThatShareATransactionThoseBeforeAFailureStay) {
  for (int i = 1; i <= 3; ++i)
    schema(fmt::format("{}_t{}", i, i), fmt::format("-- migrate:up\nCREATE TABLE t{} (a int);\n", i));
  schema("4_bad", "-- migrate:up\nCREATE TABLE t4 (a int);\nCREATE TABLE t1 (a int);\n");
  schema("5_t5", "-- migrate:up\nCREATE TABLE t5 (a int);\n");
  const Error error = thrown_by([&] { deploy(); });
  EXPECT_EQ(error.code(), Code::kAlreadyExists);
  ASSERT_TRUE(error.place());
  EXPECT_EQ(error.place()->file, "db/migrate/4_bad.sql");
  EXPECT_EQ(error.place()->line, 3);
  EXPECT_EQ(history(), transactional_ddl() ? "t1 t2 t3" : "t1 t2 t3 bad:1");
  EXPECT_TRUE(connection().find_table("t3"));
  EXPECT_EQ(connection().find_table("t4").has_value(), !transactional_ddl());
  EXPECT_FALSE(connection().find_table("t5"));
  EXPECT_FALSE(connection().find_table("missing"));
}

TEST_P(Migrate, WithoutTransactionGoesOnBehindTheStatementThatFailed) {
  schema("1_steps",
         "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\n"
         "CREATE TABLE c (id int,);\nCREATE TABLE d (id int);\n");
  const Error error = thrown_by([&] { deploy(); });
  EXPECT_EQ(error.code(), Code::kSqlSyntax);
  EXPECT_EQ(error.place()->line, 4);
  EXPECT_NE(error.message().find("statement 3 of 4"), std::string::npos) << error.message();
  EXPECT_EQ(history(), "steps:2");

  // What is done may not change; what is not done may.
  schema("1_steps",
         "-- migrate:up transaction:false\nCREATE TABLE aa (id int);\nCREATE TABLE b (id int);\n"
         "CREATE TABLE c (id int);\nCREATE TABLE d (id int);\n");
  EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kDefinitionChanged);
  EXPECT_FALSE(has_table("c"));

  schema("1_steps",
         "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\n"
         "CREATE TABLE c (id int);\nCREATE TABLE d (id int);\n");
  EXPECT_EQ(deploy().count(Action::kContinue), 1U);
  EXPECT_EQ(history(), "steps");
  EXPECT_TRUE(has_table("d"));
}

TEST_P(Migrate, RunsOutsideATransactionWhatTheEngineRefusesInside) {
  schema("1_table", kTable);
  schema("2_outside", pick("-- migrate:up\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n", "-- migrate:up\nVACUUM;\n",
                           "-- migrate:up\nOPTIMIZE TABLE t;\n"));
  deploy();
  EXPECT_EQ(history(), "table outside");
}

TEST_P(Migrate, AMigrationMayDivertTheSessionButNotTheLedger) {
  if (is_postgres()) {
    schema("1_divert",
           "-- migrate:up\nCREATE SCHEMA other;\nSET search_path = other;\nCREATE TABLE weir_migrations (x int);\n");
  } else if (is_mysql()) {
    schema("1_divert", "-- migrate:up\nCREATE TEMPORARY TABLE weir_migrations (x int);\nUSE mysql;\nSET @a = 1;\n");
  } else {
    schema("1_divert", "-- migrate:up\nCREATE TEMP TABLE weir_migrations (x int);\n");
  }
  schema("2_next", "-- migrate:up\nCREATE TABLE u (id int);\n");
  deploy();
  EXPECT_EQ(history(), "divert next");
}

TEST_P(Migrate, StatementsThatEndTheTransactionAreRefusedBeforeTheFirst) {
  schema("1_table", kTable);
  schema("2_bad", "-- migrate:up\nCREATE TABLE u (id int);\nCOMMIT;\n");
  const Error error = thrown_by([&] { deploy(); });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_EQ(test::place_of_error(error), "3:1");
  EXPECT_FALSE(has_table("t")) << "invariant 11: bad input changes nothing";
}

TEST_P(Migrate, VerifyRollsTheMigrationBackWhereDdlIsTransactional) {
  schema("1_table", kTable);
  schema("2_bad",
         "-- migrate:up\nCREATE TABLE u (id int);\nINSERT INTO u VALUES (1);\n-- migrate:verify\nSELECT count(*) FROM "
         "u;\n");
  EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kVerificationFailed);
  EXPECT_EQ(history(), transactional_ddl() ? "table" : "table bad:2");
  EXPECT_EQ(has_table("u"), !transactional_ddl());
}

// --- one sequence, two speeds

TEST_P(Migrate, TheSizeOfTheTableDecides) {
  three_steps(5);
  schema("3_contract", "-- migrate:up\nSELECT 1;\n");
  deploy();
  rows(5);
  data("4_small", "-- over: t\n-- where: n < 100\n-- migrate:batch\nUPDATE t SET n = 100 WHERE :batch\n");
  EXPECT_EQ(deploy().count(Action::kRunInline), 1U);
  rows(1);
  data("5_large", "-- over: t\n-- where: n < 200\n-- migrate:batch\nUPDATE t SET n = 200 WHERE :batch\n");
  const auto outcome = deploy();
  EXPECT_EQ(outcome.count(Action::kEnqueue), 1U);
  EXPECT_EQ(outcome.results.at(0).rows_total, 6);
  EXPECT_EQ(run_state("large"), "queued");
  EXPECT_EQ(deploy().count(Action::kAlreadyQueued), 1U) << "not queued twice";
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE n = 200"), 0);
}

TEST_P(Migrate, Invariant4TheGateOpensWhenTheDataAreReady) {
  three_steps(3);
  schema("3_contract", "-- migrate:up\n");
  deploy();
  project().remove("db/migrate/3_contract.sql");
  project().remove("db/data/2_fill.sql");
  exec("DELETE FROM weir_migrations WHERE version IN ('2', '3'); DELETE FROM weir_slices; DELETE FROM weir_runs");
  rows(20);
  three_steps(3);

  EXPECT_EQ(deploy().count(Action::kWait), 1U);
  EXPECT_EQ(history(), "table");
  run("fill");
  EXPECT_EQ(deploy().count(Action::kApply), 1U);
  EXPECT_EQ(history(), "table fill contract");
}

// Invariant 3 and 4: the residual is measured again at the gate.
TEST_P(Migrate, Invariant4TheGateClosesAgainWhenTheResidualGrows) {
  schema("1_table", kTable);
  data("2_fill", kFill);
  deploy();
  rows(4);
  schema("3_contract", contract());
  auto outcome = deploy();
  ASSERT_EQ(outcome.count(Action::kWait), 1U);
  EXPECT_NE(outcome.results.at(0).step.blockers.at(0).reason.find("4 rows"), std::string::npos);
  EXPECT_EQ(run("fill").rows_done, 4) << "a new run sweeps up what came after the first";
  EXPECT_EQ(deploy().count(Action::kApply), 1U);
}

TEST_P(Migrate, Invariant4WhatWaitsHoldsBackOnlyItsOwnTables) {
  schema("1_table", kTable);
  deploy();
  rows(20);
  three_steps(3);
  schema("4_other", "-- migrate:up\nCREATE TABLE u (id int);\n");
  schema("5_same", "-- migrate:up\nALTER TABLE t ADD COLUMN c int;\n");
  deploy();
  EXPECT_EQ(history(), "table other");
}

TEST_P(Migrate, RequiresByVersionAndByName) {
  schema("1_table", kTable);
  deploy();
  rows(20);
  project().write("weir.toml", "inline_rows = 3\n");
  data("2_fill", kFill);
  schema("3_by_version", "-- requires: 2\n-- migrate:up\nCREATE TABLE u (id int);\n");
  schema("4_by_name", "-- requires: fill\n-- migrate:up\nCREATE TABLE v (id int);\n");
  EXPECT_EQ(deploy().count(Action::kWait), 2U);
  run("fill");
  EXPECT_EQ(deploy().count(Action::kApply), 2U);
}

TEST_P(Migrate, AppliesLateVersionsAndSaysSo) {
  schema("1_table", kTable);
  schema("3_c", "-- migrate:up\nCREATE TABLE c (id int);\n");
  deploy();
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n");
  const auto outcome = deploy();
  EXPECT_TRUE(outcome.results.at(0).step.late);
  EXPECT_EQ(history(), "table b c");
}

// Invariant 10.
TEST_P(Migrate, Invariant10ReportsChangedAndMissingFilesAndNotLineEnds) {
  schema("1_table", kTable);
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n");
  deploy();
  schema("2_b", "-- migrate:up\r\nCREATE TABLE b (id int);\r\n");
  EXPECT_TRUE(deploy().discrepancies.empty());
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id bigint);\n");
  project().remove("db/migrate/1_table.sql");
  const auto outcome = deploy();
  ASSERT_EQ(outcome.discrepancies.size(), 2U);
  EXPECT_EQ(outcome.discrepancies[0].kind, migrate::Discrepancy::Kind::kMissing);
  EXPECT_EQ(outcome.discrepancies[0].entry.name, "table");
  EXPECT_EQ(outcome.discrepancies[1].kind, migrate::Discrepancy::Kind::kChanged);
  EXPECT_EQ(outcome.discrepancies[1].entry.applied_text, "-- migrate:up\nCREATE TABLE b (id int);\n");
}

TEST_P(Migrate, ADryRunChangesNothingAtAll) {
  three_steps();
  const auto outcome = deploy({true, Milliseconds(0), "test"});
  EXPECT_EQ(outcome.count(Action::kApply), 2U);
  EXPECT_EQ(outcome.count(Action::kRunInline), 1U);
  EXPECT_EQ(history(), "no ledger");
  EXPECT_FALSE(has_table("t"));
}

TEST_P(Migrate, AStopBetweenTwoMigrationsLeavesTheSecondForLater) {
  three_steps();
  stop().request();
  EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kInterrupted);
  forget_stop();
  deploy();
  EXPECT_EQ(history(), "table fill contract");
}

// --- the deploy lock

// Two roles whose search_path begin differently share a ledger, and so they share the lock.
TEST_P(PostgresMigrate, Invariant7HoldsForRolesWithDifferentFirstSchemas) {
  exec("CREATE SCHEMA ci");
  const auto other = engines::open_database(
      db::parse_url(url() + (url().find('?') == std::string::npos ? "?" : "&") + "search_path=ci,public"), "/");
  // Before there is a ledger each would make its own.
  auto early = other->try_deploy_lock("early");
  ASSERT_NE(early.lock, nullptr);
  schema("1_table", kTable);
  deploy();
  EXPECT_FALSE(early.lock->held()) << "it was taken for a ledger in another schema";
  early.lock.reset();

  const auto attempt = other->try_deploy_lock("ci");
  ASSERT_NE(attempt.lock, nullptr);
  EXPECT_TRUE(attempt.lock->held());
  EXPECT_EQ(database().try_deploy_lock("second").lock, nullptr);
  ASSERT_TRUE(database().deploy_lock_holder().has_value());
}

// Invariant 7: two deployers never apply at once.
TEST_P(Migrate, Invariant7WaitsForTheOtherDeployerAndNamesIt) {
  schema("1_table", kTable);
  connection();
  auto attempt = database().try_deploy_lock("somebody");
  ASSERT_NE(attempt.lock, nullptr);
  EXPECT_TRUE(attempt.lock->held());
  EXPECT_EQ(database().try_deploy_lock("second").lock, nullptr);
  const Error error = thrown_by([&] { deploy({false, Milliseconds(2000), "test"}); });
  EXPECT_EQ(error.code(), Code::kDeployLockHeld);
  // MariaDB knows by what name a session called itself only with performance_schema.
  const std::string holder = is_mysql() ? "connection " : "somebody";
  EXPECT_NE(test::everything_said(error).find(holder), std::string::npos) << test::everything_said(error);
  EXPECT_GT(clock().sleeps, 0);
  EXPECT_FALSE(has_table("t"));

  clock().on_sleep = [&] { attempt.lock.reset(); };
  deploy({false, Milliseconds(60'000), "test"});
  EXPECT_EQ(history(), "table");
  EXPECT_EQ(database().deploy_lock_holder(), std::nullopt);
}

TEST_P(Migrate, Invariant7NothingToDoNeedsNoLock) {
  schema("1_table", kTable);
  deploy();
  const auto attempt = database().try_deploy_lock("somebody");
  ASSERT_NE(attempt.lock, nullptr);
  EXPECT_TRUE(deploy({false, Milliseconds(0), "test"}).results.empty());
}

// --- the ledger

TEST_P(Migrate, RefusesALedgerThatANewerWeirWrote) {
  schema("1_table", kTable);
  deploy();
  exec("UPDATE weir_meta SET value = '999' WHERE " + quoted("key") + " = 'ledger_version'");
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n");
  EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kLedgerTooNew);
  EXPECT_FALSE(has_table("b"));
}

// --- rollback

TEST_P(Migrate, RollsBackTheLastAndReopensDataThatNeededIt) {
  three_steps();
  deploy();
  auto undone = roll_back({});
  ASSERT_EQ(undone.size(), 1U);
  EXPECT_EQ(history(), "table fill");
  undone = roll_back({});
  EXPECT_EQ(history(), "") << "fill is undone with the table that it filled";
  EXPECT_FALSE(has_table("t"));
  deploy();
  EXPECT_EQ(history(), "table fill contract") << "up, down and up again";
}

TEST_P(Migrate, RollsBackToAVersion) {
  for (const std::string v : {"1", "2", "3"})
    schema(v + "_m" + v, "-- migrate:up\nCREATE TABLE m" + v + " (id int);\n-- migrate:down\nDROP TABLE m" + v + ";\n");
  deploy();
  migrate::RollbackOptions options;
  options.to = project::Version("1");
  EXPECT_EQ(roll_back(options).size(), 2U);
  EXPECT_EQ(history(), "m1");
  EXPECT_TRUE(has_table("m1"));
  EXPECT_FALSE(has_table("m2"));
}

TEST_P(Migrate, RefusesToRollBackWhatHasNoDownBeforeAnythingIsUndone) {
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n-- migrate:down\nDROP TABLE b;\n");
  deploy();
  migrate::RollbackOptions both;
  both.steps = 2;
  EXPECT_EQ(thrown_by([&] { roll_back(both); }).code(), Code::kNotReversible);
  EXPECT_EQ(history(), "a b");
  EXPECT_TRUE(has_table("b"));
}

TEST_P(Migrate, AFailingDownLeavesEverything) {
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\nDROP TABLE missing;\n");
  deploy();
  EXPECT_EQ(thrown_by([&] { roll_back({}); }).code(), Code::kUndefinedObject);
  EXPECT_EQ(history(), transactional_ddl() ? "a" : "a:1") << "what is undone is known";
  EXPECT_EQ(has_table("a"), transactional_ddl());
  if (!transactional_ddl()) {
    EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kHalfUndone);
  }
}

class MysqlMigrate : public Migrate {};
WEIR_ON_MYSQL(MysqlMigrate);

// What the ledger is told before a statement that commits by itself, and asks after a crash.
TEST_P(MysqlMigrate, TheCatalogueTellsWhetherADdlStatementHappened) {
  exec("CREATE TABLE t (id bigint AUTO_INCREMENT PRIMARY KEY, n bigint)");
  for (const std::string sql :
       {"CREATE TABLE IF NOT EXISTS `made` (id int)", "ALTER TABLE t ADD COLUMN c int", "CREATE INDEX i ON t (n)",
        "DROP INDEX i ON t", "CREATE OR REPLACE VIEW v AS SELECT id FROM t", "DROP VIEW v", "DROP TABLE made"}) {
    const std::string before = connection().look(sql);
    ASSERT_NE(before, "") << sql;
    exec("INSERT INTO t (n) VALUES (1)");
    EXPECT_EQ(connection().effect_of(sql, before), db::Effect::kNone) << sql;
    exec(sql);
    EXPECT_EQ(connection().effect_of(sql, before), db::Effect::kDone) << sql;
  }
  for (const std::string sql : {"DROP TABLE a, b", "CALL p()", "TRUNCATE TABLE t", "RENAME TABLE a TO b"})
    EXPECT_EQ(connection().look(sql), "") << sql;
}

// DML has a transaction also where DDL has none.
TEST_P(Migrate, AFileOfChangesToRowsIsOneTransactionOnEveryEngine) {
  schema("1_table", kTable);
  schema("2_bad", "-- migrate:up\nINSERT INTO t (id, n) VALUES (1, 0);\nINSERT INTO missing VALUES (1);\n");
  EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kUndefinedObject);
  EXPECT_EQ(history(), "table");
  EXPECT_EQ(number("SELECT count(*) FROM t"), 0);
}

}  // namespace
}  // namespace weir
