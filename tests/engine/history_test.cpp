// What the ledger keeps of migrations, and what an operator may say about them.
#include "ledger/history.hpp"

#include "ledger/events.hpp"
#include "migrate/resolve.hpp"
#include "report/status.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using migrate::Action;
using migrate::Resolution;
using test::DatabaseTest;
using test::thrown_by;

class History : public DatabaseTest {
 protected:
  migrate::DeployOutcome deploy_with(const Resolution& resolution) {
    migrate::DeployOptions options;
    options.actor = "test";
    options.resolutions = {resolution};
    return deploy(options);
  }
  std::vector<std::string> baseline(const std::string& to) {
    auto ledger = ledger::Ledger::open_or_create(database(), connection());
    const auto all = timeline();
    std::vector<std::string> names;
    for (const auto* one : migrate::baseline(ledger, all, project::Version(to), "test")) names.push_back(one->name);
    return names;
  }
  std::string repeatable_states() {
    auto ledger = ledger::Ledger::open(database(), connection());
    std::string text;
    for (const auto& one : report::build_status(database(), ledger ? &*ledger : nullptr, timeline(), 0).repeatables)
      text += one.name + ":" + one.state + " ";
    return text;
  }
  // A migration of three statements whose second one fails as long as there is no table `missing`.
  void half_applied() {
    schema("1_half",
           "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nINSERT INTO missing VALUES (1);\n"
           "CREATE TABLE b (id int);\n");
    EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kUndefinedObject);
  }
};
WEIR_ON_EVERY_ENGINE(History);

TEST_P(History, BaselineMarksWithoutExecutingAndTheRestIsApplied) {
  exec("CREATE TABLE a (id int)");
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n");
  EXPECT_EQ(baseline("1"), std::vector<std::string>{"a"});
  EXPECT_EQ(deploy().count(Action::kApply), 1U);
  EXPECT_TRUE(has_table("b"));
  EXPECT_TRUE(baseline("2").empty());
  auto ledger = ledger::Ledger::open(database(), connection());
  EXPECT_TRUE(ledger::has_event(*ledger, "baseline", project::Version("1")));
}

TEST_P(History, BaselineRefusesAVersionThatNoFileHas) {
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
  EXPECT_EQ(thrown_by([&] { baseline("7"); }).code(), Code::kNotFound);
}

TEST_P(History, ARepeatableIsAppliedLastAndAgainOnlyWhenItsTextChanged) {
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
  schema("R__v", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1 AS x FROM a;\n");
  auto outcome = deploy();
  ASSERT_EQ(outcome.results.size(), 2U);
  EXPECT_EQ(outcome.results[1].step.migration->label(), "R v");
  EXPECT_EQ(deploy().results.size(), 0U);
  EXPECT_EQ(repeatable_states(), "v:applied ");
  schema("R__v", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 2 AS x FROM a;\n");
  EXPECT_EQ(repeatable_states(), "v:pending ");
  exec("INSERT INTO a VALUES (1)");
  EXPECT_EQ(deploy().results.size(), 1U);
  EXPECT_EQ(number("SELECT x FROM v"), 2);
}

TEST_P(History, ARepeatableThatFailsIsTriedAgain) {
  schema("R__v", "INSERT INTO missing VALUES (1);\n");
  const Error error = thrown_by([&] { deploy(); });
  EXPECT_EQ(error.code(), Code::kUndefinedObject);
  ASSERT_TRUE(error.place());
  EXPECT_EQ(error.place()->file, "db/migrate/R__v.sql");
  exec("CREATE TABLE missing (x int)");
  EXPECT_EQ(deploy().results.size(), 1U);
}

TEST_P(History, TheHeaderMakesAVersionedFileRepeatable) {
  schema("1_v", "-- repeatable: true\n-- migrate:up\nDROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1 AS x;\n");
  EXPECT_EQ(deploy().results.size(), 1U);
  EXPECT_EQ(repeatable_states(), "v:applied ");
}

TEST_P(History, ASkippedStatementCountsAsDone) {
  half_applied();
  deploy_with({Resolution::Kind::kSkipStatement, "1"});
  EXPECT_TRUE(has_table("b"));
  auto ledger = ledger::Ledger::open(database(), connection());
  EXPECT_TRUE(ledger::has_event(*ledger, "statement-skipped", project::Version("1")));
  EXPECT_EQ(ledger::read_history(*ledger).at(0).state, ledger::EntryState::kApplied);
}

TEST_P(History, ARepeatedStatementIsExecuted) {
  half_applied();
  exec("CREATE TABLE missing (id int)");
  deploy_with({Resolution::Kind::kRepeatStatement, "half"});
  EXPECT_EQ(number("SELECT count(*) FROM missing"), 1);
  EXPECT_TRUE(has_table("b"));
}

TEST_P(History, MarkedAsAppliedIsNotExecuted) {
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
  EXPECT_EQ(deploy_with({Resolution::Kind::kMarkApplied, "1"}).results.size(), 0U);
  EXPECT_FALSE(has_table("a"));
}

TEST_P(History, OnlyAHalfAppliedMigrationHasAStatementToSkip) {
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
  const Error error = thrown_by([&] { deploy_with({Resolution::Kind::kSkipStatement, "1"}); });
  EXPECT_EQ(error.code(), Code::kUsage);
  EXPECT_FALSE(has_table("a"));
}

TEST_P(History, ALateVersionIsRefusedByPolicyBeforeAnythingIsApplied) {
  project().write("weir.toml", "out_of_order = \"refuse\"\n");
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n");
  deploy();
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
  schema("3_c", "-- migrate:up\nCREATE TABLE c (id int);\n");
  EXPECT_EQ(thrown_by([&] { deploy(); }).code(), Code::kOutOfOrder);
  EXPECT_FALSE(has_table("a"));
  EXPECT_FALSE(has_table("c"));
}

TEST_P(History, RedoUndoesAndAppliesTheLast) {
  schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n");
  ASSERT_EQ(weir({"migrate"}).exit_code, 0);
  exec("INSERT INTO a VALUES (1)");
  const auto redone = weir({"redo"});
  EXPECT_EQ(redone.exit_code, 0) << redone.err;
  EXPECT_EQ(number("SELECT count(*) FROM a"), 0);
}

class OlderLedger : public DatabaseTest {
 protected:
  // As an older weir made it.
  void make(const std::string& version) {
    schema("1_a", "-- migrate:up\nCREATE TABLE a (id int);\n");
    deploy();
    if (version < "3") remove_what_came_with_3();
    if (version == "1") exec("ALTER TABLE weir_migrations DROP COLUMN intent; DROP TABLE weir_repeatables");
    exec("UPDATE weir_meta SET value = '" + version + "'");
    disconnect();
  }
  void remove_what_came_with_3() {
    exec(
        "ALTER TABLE weir_runs DROP COLUMN workers; ALTER TABLE weir_runs DROP COLUMN max_rate;"
        "ALTER TABLE weir_runs DROP COLUMN claims;"
        "ALTER TABLE weir_slices DROP COLUMN lower_bound; ALTER TABLE weir_slices DROP COLUMN split_wanted;"
        "DROP TABLE weir_quarantine; DROP TABLE weir_before_images;");
  }
  void expect_upgrade() {
    const auto reading = connect(db::Purpose::kRead);
    if (!is_mysql()) {
      EXPECT_EQ(thrown_by([&] { ledger::Ledger::open(database(), *reading); }).code(), Code::kLedgerTooOld);
    }
    schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n");
    EXPECT_EQ(deploy().count(Action::kApply), 1U);
    EXPECT_EQ(query("SELECT value FROM weir_meta"), std::to_string(ledger::kLedgerVersion));
    EXPECT_EQ(number("SELECT count(*) FROM weir_before_images"), 0);
    EXPECT_EQ(number("SELECT count(lower_bound) + count(split_wanted) FROM weir_slices"), 0);
    EXPECT_EQ(number("SELECT count(workers) + count(max_rate) FROM weir_runs"), 0);
  }
  // Two batches of five.
  void begin_run() {
    project().write("weir.toml", "inline_rows = 0\n");
    make_rows(50);
    data("2_count", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
    observer().after_batch = [this](int batch) {
      if (batch == 2) stop().request();
    };
    run("count");
    observer().after_batch = nullptr;
    forget_stop();
  }
  void expect_to_go_on() {
    EXPECT_EQ(run("count").rows_done, 50);
    EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
  }
};
WEIR_ON_EVERY_ENGINE(OlderLedger);

TEST_P(OlderLedger, Version1IsBroughtUpToDate) {
  if (is_mysql()) return;  // the first version knew neither MySQL nor MariaDB
  make("1");
  expect_upgrade();
}

TEST_P(OlderLedger, Version2IsBroughtUpToDate) {
  make("2");
  expect_upgrade();
}

TEST_P(OlderLedger, AnUnfinishedRunOfVersion2GoesOnFromItsCursor) {
  begin_run();
  exec("DELETE FROM weir_slices WHERE ordinal = 0; UPDATE weir_slices SET ordinal = 0");
  make("2");
  expect_to_go_on();
}

TEST_P(OlderLedger, Version3IsBroughtUpToDate) {
  make("3");
  expect_upgrade();
}

TEST_P(OlderLedger, AnUnfinishedRunOfVersion3GoesOnFromItsCursor) {
  begin_run();
  make("3");
  expect_to_go_on();
}

// Where DDL commits by itself a crash may come between two steps.
TEST_P(OlderLedger, AHalfDoneUpgradeIsCompleted) {
  if (transactional_ddl()) return;
  make("2");
  exec("ALTER TABLE weir_runs ADD COLUMN workers bigint");
  expect_upgrade();
}

}  // namespace
}  // namespace weir
