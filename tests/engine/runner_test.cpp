// Data migrations: exactly once, to the end of the key range, never guessing.
#include "backfill/runner.hpp"

#include <csignal>
#include <thread>

#include "backfill/control.hpp"
#include "ledger/history.hpp"
#include "ledger/slices.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::everything_said;
using test::thrown_by;

constexpr const char* kCount = "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n";
constexpr const char* kFill =
    "-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- migrate:batch\nUPDATE t SET a = 'x', n = n + 1 WHERE :batch\n";

class Runner : public DatabaseTest {
 protected:
  ledger::Ledger ledger() { return *ledger::Ledger::open(database(), connection()); }
  ledger::Run latest(const std::string& version = "1") {
    auto book = ledger();
    return *ledger::read_latest_run(book, project::Version(version));
  }
  // Stops the run cleanly after so many batches.
  void pause_after(int batches) {
    observer().after_batch = [this, batches](int batch) {
      if (batch == batches) stop().request();
    };
  }
  // And waits until it is followed: a pulse beats ten times a second.
  void tune(const ledger::Tuning& tuning) {
    auto book = ledger();
    backfill::tune_run(book, latest(), tuning, "test");
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  void resume() {
    observer().after_batch = nullptr;
    forget_stop();
  }
};
WEIR_ON_EVERY_ENGINE(Runner);

// These batches take nearly no time: three of a size, then half as many rows more.
TEST_P(Runner, BatchesGrowWhenTheyAreFastUnlessTheirSizeIsGiven) {
  make_rows(20'000);
  data("1_count", "-- over: t\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  data("2_again", "-- over: t\n-- batch: 1000\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  run("count");
  EXPECT_EQ(observer().batches, 11) << "3 of 1000, 3 of 1500, 3 of 2250, 3375 and the rest";
  run("again");
  EXPECT_EQ(observer().batches, 31);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "2|2|20000");
}

TEST_P(Runner, TheSizeOfBatchesMayBeSetAndGivenBackMeanwhile) {
  make_rows(20'000);
  data("1_count", "-- over: t\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  std::vector<std::int64_t> done{0};
  observer().after_batch = [&](int batch) {
    done.push_back(observer().rows.back());
    if (batch == 3) tune({.batch_rows = 100});
    if (batch == 5) tune({.batch_rows = ledger::Tuning::kFollowsTime});
  };
  run("count");
  EXPECT_EQ(done.at(3), 3000);
  EXPECT_EQ(done.at(5) - done.at(3), 200);
  EXPECT_EQ(done.at(6) - done.at(5), 1500) << "as large as measured before; of the others nothing was learnt";
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

// The pauses between large batches would be long.
TEST_P(Runner, WithALimitForRowsASecondBatchesHoldNotMoreThanOneSecondsRows) {
  make_rows(5000);
  data("1_count", "-- over: t\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  std::vector<std::int64_t> done{0};
  observer().after_batch = [&](int batch) {
    done.push_back(observer().rows.back());
    if (batch == 1) tune({.max_rate = 300});
  };
  run("count");
  EXPECT_EQ(done.at(2) - done.at(1), 300);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

// What the first attempt has found out is where the second begins.
TEST_P(Runner, ARunGoesOnWithBatchesAsLargeAsTheyWere) {
  make_rows(40'000);
  data("1_count", "-- over: t\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  pause_after(10);
  run("count");
  const std::int64_t before = latest().rows_done;
  EXPECT_EQ(before, 3 * 1000 + 3 * 1500 + 3 * 2250 + 3375);
  resume();
  pause_after(11);
  run("count");
  EXPECT_EQ(latest().rows_done - before, 1500) << "a step of the ladder, not more than the average before";
  EXPECT_EQ(query("SELECT max(n) FROM t"), "1");
}

// Invariant 1.
TEST_P(Runner, Invariant1ChangesEveryRowExactlyOnceWithoutWhere) {
  make_rows(95);
  data("1_count", kCount);
  const auto outcome = run("count");
  EXPECT_EQ(outcome.state, ledger::RunState::kSucceeded);
  EXPECT_EQ(outcome.rows_done, 95);
  EXPECT_EQ(outcome.passes, 1);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|95");
  EXPECT_EQ(observer().batches, 10);
  EXPECT_EQ(run_state("count"), "succeeded");
}

TEST_P(Runner, Invariant1CountersAndCursorCommitWithTheRows) {
  make_rows(50);
  data("1_count", kCount);
  observer().after_batch = [this](int batch) {
    auto book = ledger();
    const auto slice = ledger::read_slice(book, {project::Version("1"), 1}, 1);
    EXPECT_EQ(slice->rows_done, batch * 10);
    EXPECT_EQ(slice->batches, batch);
    EXPECT_EQ(db::as_integer(slice->cursor->at(0)), batch * 10);
    EXPECT_EQ(number("SELECT sum(n) FROM t"), batch * 10);
  };
  run("count");
  EXPECT_EQ(observer().batches, 5);
}

TEST_P(Runner, DoesNothingWhenItHasSucceededAlready) {
  make_rows(20);
  data("1_count", kCount);
  run("count");
  EXPECT_TRUE(run("count").already_complete);
  EXPECT_EQ(number("SELECT max(n) FROM t"), 1);
}

TEST_P(Runner, SucceedsOnAnEmptyTable) {
  make_rows(0);
  data("1_fill", kFill);
  EXPECT_EQ(run("fill").rows_done, 0);
  EXPECT_EQ(run_state("fill"), "succeeded");
}

// Invariant 3: a pass ends when the key range is exhausted, never when no rows were affected.
TEST_P(Runner, Invariant3GoesOnOverABatchWhoseRowsAreAllGone) {
  make_rows(60);
  data("1_fill", kFill);
  observer().after_batch = [this](int batch) {
    // The next boundaries are known already when this happens.
    if (batch == 2) exec("DELETE FROM t WHERE id BETWEEN 21 AND 40");
  };
  EXPECT_EQ(run("fill").residual, 0);
  EXPECT_EQ(query("SELECT count(*), min(n), max(n) FROM t WHERE a = 'x'"), "40|1|1");
}

TEST_P(Runner, Invariant3GoesOnOverRowsThatAreDoneAlready) {
  make_rows(60);
  exec("UPDATE t SET a = 'old' WHERE id <= 40");
  data("1_fill", kFill);
  EXPECT_EQ(run("fill").rows_done, 20);
  EXPECT_EQ(query("SELECT count(*), sum(n) FROM t WHERE a = 'x'"), "20|20");
}

TEST_P(Runner, Invariant3SweepsUpWhatIsWrittenBehindTheCursor) {
  make_rows(40);
  data("1_fill", kFill);
  observer().after_batch = [this](int batch) {
    if (batch == 3) exec("UPDATE t SET a = NULL WHERE id = 5; INSERT INTO t VALUES (-7, 0, NULL)");
  };
  const auto outcome = run("fill");
  EXPECT_EQ(outcome.passes, 2);
  EXPECT_EQ(outcome.residual, 0);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a IS NULL"), 0);
  EXPECT_EQ(query("SELECT id, n FROM t WHERE id IN (-7, 4, 5) ORDER BY id"), "-7|1\n4|1\n5|2");
}

TEST_P(Runner, Invariant3SweepsUpARowWhoseKeyMovedBehindTheCursor) {
  make_rows(40);
  data("1_fill", kFill);
  observer().after_batch = [this](int batch) {
    if (batch == 2) exec("UPDATE t SET id = -1 WHERE id = 35");
  };
  run("fill");
  EXPECT_EQ(query("SELECT n, a FROM t WHERE id = -1"), "1|x");
}

TEST_P(Runner, TakesInWhatIsInsertedAheadOfTheCursor) {
  make_rows(40);
  exec("DELETE FROM t WHERE id = 35");
  data("1_fill", kFill);
  observer().after_batch = [this](int batch) {
    if (batch == 3) exec("INSERT INTO t VALUES (35, 0, NULL)");
  };
  EXPECT_EQ(run("fill").passes, 1);
  EXPECT_EQ(query("SELECT n, a FROM t WHERE id = 35"), "1|x");
}

TEST_P(Runner, LeavesAloneWhatTheApplicationHasDoneMeanwhile) {
  make_rows(40);
  data("1_fill", kFill);
  observer().after_batch = [this](int batch) {
    if (batch == 2) exec("UPDATE t SET a = 'app' WHERE id = 25");
  };
  run("fill");
  EXPECT_EQ(query("SELECT n, a FROM t WHERE id = 25"), "0|app");
}

TEST_P(Runner, StopsWhenTheChangeDoesNotMakeWhereFalseAndChangesNothing) {
  make_rows(30);
  data("1_bad",
       "-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  const Error error = failed_run("bad");
  EXPECT_EQ(error.code(), Code::kResidualDoesNotShrink);
  EXPECT_EQ(test::place_of_error(error), "2:11");
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0) << "the batch was rolled back";
  EXPECT_EQ(run_state("bad"), "failed");
}

// As many rows match afterwards as before, but they are others. The change itself plays the application that inserts
// them in this moment.
TEST_P(Runner, DoesNotTakeRowsThatAppearDuringTheFirstBatchForRowsThatItLeft) {
  make_rows(20);
  exec("UPDATE t SET id = id + 1000");
  exec("UPDATE t SET id = (id - 1000) * 2");
  data("1_fill",
       "-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- migrate:batch\n"
       "UPDATE t SET a = 'x', n = n + 1 WHERE :batch;\n"
       "INSERT INTO t SELECT id - 1, 0, NULL FROM t WHERE (:range) AND id % 2 = 0 AND id - 1 NOT IN (SELECT id FROM "
       "t);\n"
       "UPDATE t SET n = n WHERE id < 0\n");
  EXPECT_EQ(run("fill").state, ledger::RunState::kSucceeded);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|40");
}

// Rows that the change cannot help say nothing about the others.
TEST_P(Runner, DoesNotAccuseAChangeOfTheRowsThatItLeavesOut) {
  make_rows(3000);
  data("1_fill",
       "-- over: t\n-- where: a IS NULL\n-- batch: 3000\n-- migrate:batch\n"
       "UPDATE t SET n = n + 1, a = CASE WHEN id > 2900 THEN 'x' END WHERE :batch\n");
  const Error error = failed_run("fill");
  EXPECT_EQ(error.code(), Code::kResidualDoesNotShrink);
  EXPECT_EQ(query("SELECT count(*) FROM t WHERE a = 'x'"), "100") << "its batch was committed";
}

TEST_P(Runner, StopsAfterABoundedNumberOfPasses) {
  make_rows(30);
  data("1_fill", kFill);
  int left = 12;
  observer().after_batch = [this, &left](int batch) {
    // One row less is open after each pass, so that the residual shrinks and the passes could go on for long.
    if (batch % 3 == 0 && left > 0) exec("UPDATE t SET a = NULL WHERE id <= " + std::to_string(--left));
  };
  EXPECT_EQ(failed_run("fill").code(), Code::kResidualDoesNotShrink);
  EXPECT_LE(latest().pass, 5);
  EXPECT_GT(latest().pass, 1);
  // What is left is named and the run can go on later.
  observer().after_batch = nullptr;
  EXPECT_EQ(run("fill").state, ledger::RunState::kSucceeded);
}

TEST_P(Runner, FailsWhenTheResidualGrowsFromPassToPass) {
  make_rows(30);
  data("1_fill", kFill);
  observer().after_batch = [this](int batch) {
    if (batch % 3 == 0) exec("UPDATE t SET a = NULL WHERE id <= 5");
  };
  EXPECT_EQ(failed_run("fill").code(), Code::kResidualDoesNotShrink);
  EXPECT_EQ(latest().pass, 2);
}

TEST_P(Runner, FailsWhenVerifyCountsViolations) {
  make_rows(10);
  data("1_fill", std::string(kFill) + "-- migrate:verify\nSELECT count(*) FROM t WHERE n <> 2\n");
  const Error error = failed_run("fill");
  EXPECT_EQ(error.code(), Code::kVerificationFailed);
  EXPECT_NE(error.message().find("10"), std::string::npos);
  EXPECT_EQ(run_state("fill"), "failed");
  exec("UPDATE t SET n = 2");
  EXPECT_EQ(run("fill").violations, 0);
  EXPECT_EQ(run_state("fill"), "succeeded");
}

TEST_P(Runner, ARowThatFailsLeavesNothingAndTheRunGoesOnFromItsCursor) {
  make_rows(50);
  exec("CREATE TABLE seen (id bigint PRIMARY KEY)");
  data("1_count",
       "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch;\n"
       "INSERT INTO seen SELECT id FROM t WHERE :batch\n");
  exec("INSERT INTO seen VALUES (25)");
  const Error error = failed_run("count");
  EXPECT_EQ(error.code(), Code::kConstraint);
  EXPECT_EQ(query("SELECT count(*), max(id) FROM t WHERE n = 1"), "24|24");
  EXPECT_EQ(number("SELECT count(*) FROM seen"), 25);
  exec("DELETE FROM seen WHERE id = 25");
  run("count");
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
  EXPECT_EQ(number("SELECT count(*) FROM seen"), 50);
}

// --- pause, resume, another text

TEST_P(Runner, PausesAfterTheBatchAndResumesThere) {
  make_rows(100);
  data("1_count", kCount);
  pause_after(3);
  EXPECT_EQ(run("count").state, ledger::RunState::kPaused);
  EXPECT_EQ(run_state("count"), "paused");
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 30);
  resume();
  EXPECT_EQ(run("count").rows_done, 100);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
  EXPECT_EQ(latest().id.attempt, 1);
}

TEST_P(Runner, RefusesToGoOnWithAnEditedFile) {
  make_rows(40);
  data("1_count", kCount);
  pause_after(2);
  run("count");
  resume();
  data("1_count", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 100 WHERE :batch\n");
  const Error error = failed_run("count");
  EXPECT_EQ(error.code(), Code::kDefinitionChanged);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 20);
  EXPECT_EQ(run_state("count"), "paused") << "refused before anything moved";

  run("count", {}, backfill::Start::kContinue, backfill::OnChange::kContinue);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 20 + 20 * 100);
}

// The cursor of one table says nothing about the rows of another.
TEST_P(Runner, RefusesToGoOnOverAnotherTable) {
  make_rows(40);
  exec("CREATE TABLE u (id bigint PRIMARY KEY, n bigint NOT NULL)");
  exec("INSERT INTO u SELECT id, n FROM t");
  data("1_count", kCount);
  pause_after(2);
  run("count");
  resume();
  data("1_count", "-- over: u\n-- batch: 10\n-- migrate:batch\nUPDATE u SET n = n + 1 WHERE :batch\n");
  const Error error = thrown_by([&] { run("count", {}, backfill::Start::kContinue, backfill::OnChange::kContinue); });
  EXPECT_EQ(error.code(), Code::kDefinitionChanged);
  EXPECT_NE(error.hint().find("--restart"), std::string::npos) << error.hint();
  EXPECT_EQ(number("SELECT sum(n) FROM u"), 0);
  run("count", {}, backfill::Start::kRestart);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM u"), "1|1");
}

TEST_P(Runner, RestartsFromTheBeginningWhenAsked) {
  make_rows(40);
  data("1_count", kCount);
  pause_after(2);
  run("count");
  resume();
  EXPECT_EQ(run("count", {}, backfill::Start::kRestart).attempt, 2);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 20 + 40);
  EXPECT_EQ(number("SELECT count(*) FROM weir_runs WHERE state = 'cancelled'"), 1);
}

TEST_P(Runner, TakesAFileThatWasEditedBeforeTheFirstBatchAsItIs) {
  make_rows(10);
  data("1_bad", "-- over: t\n-- where: a IS NULL\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  failed_run("bad");
  data("1_bad", kFill);
  EXPECT_EQ(run("bad").rows_done, 10);
}

// --- several workers

TEST_P(Runner, ASecondProcessJoinsAndLeavesWhatTheFirstHoldsAlone) {
  make_rows(40);
  data("1_count", kCount);
  backfill::RunOutcome second;
  observer().after_batch = [&](int batch) {
    if (batch != 2) return;
    test::HookedObserver quiet;
    const auto all = timeline();
    StopToken stopped;
    stopped.request();
    second = backfill::Runner(database(), clock(), stopped, quiet).run({all.find("count"), {}, false, {}, {}, "other"});
  };
  EXPECT_EQ(run("count").rows_here, 40);
  EXPECT_EQ(second.state, ledger::RunState::kRunning);
  EXPECT_EQ(second.rows_here, 0);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

// Two that both saw no run yet: the second must not begin one beside the first, whose rows it would change again.
TEST_P(Runner, Invariant1OfTwoThatBeginARunOnlyOneDoes) {
  make_rows(20);
  data("1_count", kCount);
  pause_after(1);
  run("count");
  auto book = ledger();
  {
    db::Transaction transaction(book.connection());
    constexpr std::int64_t kNoneSeen = 0;
    EXPECT_FALSE(ledger::create_run(book, latest(), kNoneSeen).has_value());
    transaction.commit();
  }
  EXPECT_EQ(number("SELECT count(*) FROM weir_runs"), 1);
}

// Invariant 2: the transaction updates the slice WHERE lease_token = mine; no row updated means roll back and stop.
TEST_P(Runner, Invariant2AWorkerWhoseTokenWasTakenCommitsNothingMore) {
  make_rows(60);
  data("1_count", kCount);
  observer().after_batch = [this](int batch) {
    if (batch == 3)
      exec(
          "UPDATE weir_slices SET lease_token = 'another', lease_host = 'elsewhere', lease_session = '', "
          "lease_expires_at_ms = 99999999999999 WHERE ordinal = 1");
  };
  observer().after_note = [this](const std::string& note) {
    EXPECT_NE(note.find("took this slice over"), std::string::npos) << note;
    stop().request();
  };
  EXPECT_EQ(run("count").state, ledger::RunState::kRunning);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 30);
  EXPECT_EQ(run_state("count"), "running") << "it belongs to the other worker now";
}

TEST_P(Runner, Invariant2ADeadProcessIsTakenOverAtOnceAndFromItsCursor) {
  make_rows(40);
  data("1_count", kCount);
  pause_after(2);
  run("count");
  resume();
  // As a process leaves it that died: running, with a lease that has not expired.
  auto dead = test::ChildProcess({"true"});
  const pid_t pid = dead.pid();
  dead.wait();
  const ProcessId self = this_process();
  exec("UPDATE weir_runs SET state = 'running'; UPDATE weir_slices SET lease_token = 'dead', lease_host = '" +
       self.host + "', lease_hostname = 'h', lease_pid = " + std::to_string(pid) +
       ", lease_process_start = 1, lease_session = '', lease_expires_at_ms = 99999999999999");
  EXPECT_EQ(run("count").rows_done, 40);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
  EXPECT_LT(clock().slept, Milliseconds(1000)) << "the death was proven, the lease was not waited for";
}

TEST_P(Runner, Invariant2WaitsForTheLeaseWhenNothingProvesTheDeath) {
  make_rows(20);
  data("1_count", kCount);
  pause_after(1);
  run("count");
  resume();
  exec(
      "UPDATE weir_runs SET state = 'running'; UPDATE weir_slices SET lease_token = 'far', lease_host = 'elsewhere', "
      "lease_hostname = 'far-away', lease_pid = 1, lease_process_start = 1, lease_session = '', "
      "lease_expires_at_ms = 99999999999999");
  std::string waits;
  observer().after_note = [&](const std::string& note) {
    if (note.find("far-away") == std::string::npos) return;
    waits = note;
    EXPECT_EQ(number("SELECT sum(n) FROM t"), 10);
    exec("UPDATE weir_slices SET lease_expires_at_ms = 1");
  };
  EXPECT_EQ(run("count").rows_done, 20);
  EXPECT_NE(waits.find("waits for pid 1 on far-away"), std::string::npos);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

// --- parameters

TEST_P(Runner, Invariant12ParametersAreBoundAndNeverPrinted) {
  make_rows(30);
  const std::string value = "it's geheim'; DROP TABLE t; -- :batch $1";
  data("1_set",
       "-- over: t\n-- where: a IS NULL\n-- param: v text\n-- param: k integer 5\n-- batch: 10\n-- migrate:batch\n"
       "UPDATE t SET a = :v, n = n + :k WHERE :batch\n");
  run("set", {{"v", value}});
  EXPECT_EQ(query("SELECT count(*), min(a), min(n) FROM t"), "30|" + value + "|5");
  const std::string record = query("SELECT name, table_name, coalesce(error, ''), actor FROM weir_runs") +
                             query("SELECT kind, detail FROM weir_events") + observer().notes;
  EXPECT_EQ(record.find("geheim"), std::string::npos) << record;
}

TEST_P(Runner, ParametersMayStandInWhere) {
  make_rows(30);
  data("1_set",
       "-- over: t\n-- where: id > :from AND n = 0\n-- param: from integer\n-- migrate:batch\n"
       "UPDATE t SET n = 1 WHERE :batch\n");
  EXPECT_EQ(run("set", {{"from", "20"}}).rows_done, 10);
  EXPECT_EQ(number("SELECT min(id) FROM t WHERE n = 1"), 21);
}

TEST_P(Runner, ParametersStayWithTheRunAcrossAPause) {
  make_rows(30);
  data("1_set", "-- over: t\n-- param: v text\n-- batch: 10\n-- migrate:batch\nUPDATE t SET a = :v WHERE :batch\n");
  pause_after(1);
  run("set", {{"v", "one"}});
  resume();
  EXPECT_EQ(failed_run("set", {{"v", "two"}}).code(), Code::kUsage);
  run("set");
  EXPECT_EQ(query("SELECT DISTINCT a FROM t"), "one");
}

// Those that the file has gained come with their defaults or are given; what the run began with stays.
TEST_P(Runner, GoesOnWithAParameterThatTheFileHasGained) {
  make_rows(30);
  data("1_set",
       "-- over: t\n-- param: v text\n-- param: old boolean true\n-- batch: 10\n-- migrate:batch\n"
       "UPDATE t SET a = :v WHERE :batch AND :old = :old\n");
  pause_after(1);
  run("set", {{"v", "one"}});
  resume();
  const std::string gained =
      "-- over: t\n-- param: v text\n-- param: who text\n-- param: k integer 7\n-- batch: 10\n-- migrate:batch\n"
      "UPDATE t SET a = " +
      std::string(is_mysql() ? "concat(:v, :who)" : ":v || :who") + ", n = n + :k WHERE :batch\n";
  data("1_set", gained);
  using backfill::OnChange;
  using backfill::Start;
  EXPECT_EQ(thrown_by([&] { run("set", {}, Start::kContinue, OnChange::kContinue); }).code(), Code::kUsage);
  EXPECT_EQ(thrown_by([&] {
              run("set", {{"v", "two"}, {"who", "x"}}, Start::kContinue, OnChange::kContinue);
            }).code(),
            Code::kUsage)
      << "v is what the run began with";
  pause_after(2);
  run("set", {{"who", "x"}}, Start::kContinue, OnChange::kContinue);
  resume();
  run("set");
  EXPECT_EQ(query("SELECT a, n, count(*) FROM t GROUP BY a, n ORDER BY a"), "one|0|10\nonex|7|20");
}

TEST_P(Runner, BeginsAnewWithAParameterThatTheFileHasGained) {
  make_rows(10);
  data("1_set", "-- over: t\n-- where: a IS NULL\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  failed_run("set");
  data("1_set",
       "-- over: t\n-- where: a IS NULL\n-- param: who text x\n-- migrate:batch\nUPDATE t SET a = :who WHERE :batch\n");
  EXPECT_EQ(run("set").rows_done, 10);
  EXPECT_EQ(query("SELECT DISTINCT a FROM t"), "x");
}

TEST_P(Runner, ANumberIsRefusedBeforeAnythingHappens) {
  make_rows(3);
  data("1_set", "-- over: t\n-- param: k integer\n-- migrate:batch\nUPDATE t SET n = :k WHERE :batch\n");
  EXPECT_EQ(failed_run("set", {{"k", "geheim"}}).code(), Code::kUsage);
  EXPECT_EQ(failed_run("set").code(), Code::kUsage);
  EXPECT_EQ(run_state("set"), "");
}

// --- mistakes of the file that only the database can see

TEST_P(Runner, AMistakeInAStatementIsShownAtItsPlaceBeforeARunBegins) {
  make_rows(3);
  data("1_bad", "-- over: t\n-- migrate:batch\nUPDATE t\n   SET nonsense = 1\n WHERE :batch\n");
  const Error error = failed_run("bad");
  EXPECT_EQ(error.code(), Code::kUndefinedObject);
  ASSERT_TRUE(error.place());
  EXPECT_EQ(error.place()->file, "db/data/1_bad.sql");
  if (is_postgres()) {
    EXPECT_EQ(test::place_of_error(error), "4:8");
  }
  EXPECT_EQ(run_state("bad"), "");
}

TEST_P(Runner, AMistakeInWhereIsShownAtItsPlace) {
  make_rows(3);
  data("1_bad", "-- over: t\n-- where: nonsense IS NULL\n-- migrate:batch\nUPDATE t SET n = 1 WHERE :batch\n");
  const Error error = failed_run("bad");
  EXPECT_EQ(error.code(), Code::kUndefinedObject);
  EXPECT_EQ(test::place_of_error(error), "2:11");
}

TEST_P(Runner, AWhereThatEndsInACommentHidesNothing) {
  make_rows(3);
  data("1_fill",
       "-- over: t\n-- where: a IS NULL -- those without\n-- migrate:batch\n"
       "UPDATE t SET a = 'x', n = n + 1 WHERE :batch -- done\n");
  EXPECT_EQ(run("fill").rows_done, 3);
}

TEST_P(Runner, AWhereWithOrStaysInsideTheRange) {
  make_rows(30);
  data("1_fill",
       "-- over: t\n-- where: a IS NULL OR a = 'y'\n-- batch: 10\n-- migrate:batch\n"
       "UPDATE t SET a = 'x', n = n + 1 WHERE :batch\n");
  run("fill");
  EXPECT_EQ(observer().rows.front(), 10);
  EXPECT_EQ(number("SELECT max(n) FROM t"), 1);
}

}  // namespace
}  // namespace weir
