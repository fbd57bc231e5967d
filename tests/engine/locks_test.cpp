// Statements that wait, statements that cannot be rolled back, and what is left of them.
#include <atomic>
#include <thread>

#include "ledger/history.hpp"
#include "migrate/deployer.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::thrown_by;

class Listener final : public migrate::DeployObserver {
 public:
  void on_note(const std::string& text) override { notes += text + "\n"; }
  void on_lock_wait(const migrate::LockWait& wait) override {
    if (!wait.blockers.empty() && waits++ == 0 && on_first_wait) on_first_wait();
  }
  std::string notes;
  std::atomic<int> waits{0};
  std::function<void()> on_first_wait;
};

class Locks : public DatabaseTest {
 protected:
  migrate::DeployOutcome listened_deploy() {
    const auto all = timeline();
    auto outcome = migrate::deploy(database(), config(), all, clock(), stop(), listener_, {false, {}, "test", {}});
    outcome.results.clear();  // they point into the timeline
    return outcome;
  }
  void wait_little() { project().write("weir.toml", "lock_timeout = \"700ms\"\nlock_budget = \"700ms\"\n"); }
  Listener listener_;
};
WEIR_ON_POSTGRES(Locks);

TEST_P(Locks, Invariant5NamesWhoHoldsTheLockAndNotTheValuesOfItsQuery) {
  exec("CREATE TABLE t (id int, secret text)");
  wait_little();
  schema("1_add", "-- migrate:up\nALTER TABLE t ADD COLUMN b int;\n");
  const auto holder = connect();
  holder->begin();
  holder->execute_text("SELECT * FROM t WHERE secret = 'hunter2'");
  const Error error = thrown_by([&] { listened_deploy(); });
  EXPECT_EQ(error.code(), Code::kLockTimeout);
  EXPECT_EQ(exit_code(error.code()), 5);
  const std::string pid = holder->session_id().substr(0, holder->session_id().find('/'));
  EXPECT_NE(error.message().find("held by pid " + pid), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("AccessShareLock on t"), std::string::npos) << error.message();
  EXPECT_EQ(error.message().find("hunter2"), std::string::npos) << error.message();
  EXPECT_EQ(error.place()->line, 2);
  EXPECT_GT(listener_.waits, 0);
}

TEST_P(Locks, Invariant5NobodyQueuesBehindAStatementThatGaveUp) {
  exec("CREATE TABLE t (id int)");
  wait_little();
  schema("1_add", "-- migrate:up\nALTER TABLE t ADD COLUMN b int;\n");
  const auto holder = connect();
  holder->begin();
  holder->execute_text("SELECT * FROM t");
  thrown_by([&] { listened_deploy(); });
  const auto reader = connect();
  reader->set_lock_timeout(Milliseconds(1000));
  EXPECT_EQ(reader->execute_text("SELECT * FROM t").rows.size(), 0U);
}

TEST_P(Locks, GoesOnWhenTheLockIsGivenBack) {
  exec("CREATE TABLE t (id int)");
  schema("1_add", "-- migrate:up\nALTER TABLE t ADD COLUMN b int;\n");
  auto holder = connect();
  holder->begin();
  holder->execute_text("SELECT * FROM t");
  std::thread ending;
  listener_.on_first_wait = [&] { ending = std::thread([&] { holder->rollback(); }); };
  listened_deploy();
  ending.join();
  EXPECT_EQ(number("SELECT count(*) FROM information_schema.columns WHERE table_name = 't'"), 2);
}

TEST_P(Locks, AStopCancelsTheStatementThatWaits) {
  exec("CREATE TABLE t (id int)");
  project().write("weir.toml", "lock_timeout = \"60s\"\n");
  schema("1_add", "-- migrate:up\nCREATE TABLE u (id int);\nALTER TABLE t ADD COLUMN b int;\n");
  const auto holder = connect();
  holder->begin();
  holder->execute_text("SELECT * FROM t");
  listener_.on_first_wait = [&] { stop().request(); };
  EXPECT_EQ(thrown_by([&] { listened_deploy(); }).code(), Code::kInterrupted);
  EXPECT_FALSE(has_table("u"));
}

TEST_P(Locks, AStatementTimeoutEndsWhatRunsTooLong) {
  schema("1_slow", "-- migrate:up statement_timeout:200ms\nSELECT pg_sleep(30);\n");
  EXPECT_EQ(thrown_by([&] { listened_deploy(); }).code(), Code::kTimeout);
}

TEST_P(Locks, AMigrationKeepsTheTimeoutItSetsItself) {
  schema("1_own",
         "-- migrate:up\nSET LOCAL lock_timeout = '7s';\n"
         "CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS value;\n");
  listened_deploy();
  EXPECT_EQ(query("SELECT value FROM seen"), "7s");
}

TEST_P(Locks, SettingsOfOneMigrationDoNotReachTheNext) {
  exec("CREATE SCHEMA other");
  schema("1_a", "-- migrate:up\nSET search_path TO other; CREATE TABLE a (id int);\n");
  schema("2_b", "-- migrate:up\nCREATE TABLE b (id int);\n");
  listened_deploy();
  EXPECT_EQ(query("SELECT schemaname FROM pg_tables WHERE tablename = 'b'"), "public");
  EXPECT_EQ(query("SELECT schemaname FROM pg_tables WHERE tablename = 'weir_migrations'"), "public");
}

TEST_P(Locks, AFailedConcurrentIndexLeavesNoInvalidOne) {
  exec("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)");
  schema("1_index", "-- migrate:up transaction:false\nCREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);\n");
  EXPECT_EQ(thrown_by([&] { listened_deploy(); }).code(), Code::kConstraint);
  EXPECT_EQ(query("SELECT indexrelid FROM pg_index WHERE NOT indisvalid"), "");
  exec("DELETE FROM t");
  listened_deploy();
  EXPECT_EQ(query("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass"), "t");
}

// As after a kill -9: the intent is there, the outcome is not.
class Crashed : public Locks {
 protected:
  // The ledger's row of a migration that died in its first statement, whose catalogue was `before`.
  void died_with(const std::string& file, const std::string& text, const std::string& before, int done = 0) {
    schema(file, text);
    auto ledger = ledger::Ledger::open_or_create(database(), connection());
    const auto all = timeline();
    ledger::record_started(ledger, all.migrations().at(0), 2, std::nullopt, "dead");
    ASSERT_TRUE(
        ledger::record_intent(ledger, {all.migrations().at(0).version, ledger::EntryState::kPartial, 0}, done, before));
  }
};
WEIR_ON_POSTGRES(Crashed);

constexpr const char* kIndexAndTable =
    "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY t_id ON t (id);\nCREATE TABLE u (id int);\n";

TEST_P(Crashed, Invariant6AStatementThatWasDoneIsNotRepeated) {
  exec("CREATE TABLE t (id int)");
  const std::string before = connection().look("CREATE INDEX CONCURRENTLY t_id ON t (id)");
  exec("CREATE INDEX t_id ON t (id)");
  const std::string oid = query("SELECT 't_id'::regclass::oid");
  died_with("1_index", kIndexAndTable, before);
  listened_deploy();
  EXPECT_EQ(query("SELECT 't_id'::regclass::oid"), oid);
  EXPECT_TRUE(has_table("u"));
  EXPECT_NE(listener_.notes.find("statement 1 was executed"), std::string::npos) << listener_.notes;
}

TEST_P(Crashed, Invariant6AStatementThatWasNotDoneIsExecuted) {
  exec("CREATE TABLE t (id int)");
  died_with("1_index", kIndexAndTable, connection().look("CREATE INDEX CONCURRENTLY t_id ON t (id)"));
  listened_deploy();
  EXPECT_EQ(query("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass"), "t");
}

TEST_P(Crashed, AnInvalidIndexThatWeirDidNotStartIsLeftAlone) {
  exec("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)");
  thrown_by([&] { connection().execute_text("CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id)"); });
  schema("1_index",
         "-- migrate:up transaction:false\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_id ON t (id);\n");
  const Error error = thrown_by([&] { listened_deploy(); });
  EXPECT_EQ(error.code(), Code::kAlreadyExists);
  EXPECT_NE(error.hint().find("DROP INDEX CONCURRENTLY"), std::string::npos) << error.hint();
  EXPECT_EQ(query("SELECT indisvalid FROM pg_index WHERE indrelid = 't'::regclass"), "f");
}

TEST_P(Crashed, WhatNobodyCanTellIsAskedOfTheOperator) {
  died_with("1_do", "-- migrate:up transaction:false\nDO $$ BEGIN NULL; END $$;\nCREATE TABLE u (id int);\n", "");
  const Error error = thrown_by([&] { listened_deploy(); });
  EXPECT_EQ(error.code(), Code::kInDoubt);
  EXPECT_NE(error.hint().find("--skip-statement 1"), std::string::npos) << error.hint();
  EXPECT_FALSE(has_table("u"));
}

TEST_P(Crashed, TheSettingsOfWhatWasDoneHoldForTheLook) {
  exec("CREATE SCHEMA other; CREATE TABLE other.t (id int)");
  exec("SET search_path TO other");
  const std::string before = connection().look("CREATE INDEX CONCURRENTLY t_id ON t (id)");
  disconnect();
  died_with("1_index",
            "-- migrate:up transaction:false\nSET search_path TO other;\nCREATE INDEX CONCURRENTLY t_id ON t (id);\n",
            before, 1);
  listened_deploy();
  EXPECT_EQ(query("SELECT indisvalid FROM pg_index WHERE indrelid = 'other.t'::regclass"), "t");
}

TEST_P(Crashed, AnIndexOfSomebodyElseIsNotTakenForOurs) {
  exec("CREATE TABLE t (id int)");
  const std::string before = connection().look("CREATE INDEX CONCURRENTLY t_id ON t (id)");
  exec("CREATE INDEX t_other ON t (id)");
  died_with("1_index", kIndexAndTable, before);
  listened_deploy();
  EXPECT_EQ(number("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass"), 2);
}

TEST_P(Crashed, Invariant1AnotherDeployersProgressIsNotOverwritten) {
  schema("1_two", "-- migrate:up transaction:false\nCREATE TABLE u (id int);\n");
  auto ledger = ledger::Ledger::open_or_create(database(), connection());
  const auto all = timeline();
  const auto& version = all.migrations().at(0).version;
  ledger::record_started(ledger, all.migrations().at(0), 3, std::nullopt, "one");
  EXPECT_TRUE(ledger::record_statement_done(ledger, {version, ledger::EntryState::kPartial, 0}, 2));
  EXPECT_FALSE(ledger::record_statement_done(ledger, {version, ledger::EntryState::kPartial, 0}, 1));
  EXPECT_FALSE(ledger::record_intent(ledger, {version, ledger::EntryState::kPartial, 1}, 1, "x"));
  EXPECT_EQ(ledger::read_entry(ledger, version)->statements_done, 2);
}

TEST_P(Crashed, AnEditedRemainderIsAccepted) {
  exec("CREATE TABLE t (id int)");
  died_with("1_index", kIndexAndTable, connection().look("CREATE INDEX CONCURRENTLY t_id ON t (id)"));
  schema("1_index", "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY t_other ON t (id);\n");
  listened_deploy();
  EXPECT_EQ(query("SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 't'::regclass"), "t_other");
}

}  // namespace
}  // namespace weir
