// What a failing row, a slow batch and a lock do to a run.
#include "ledger/quarantine.hpp"

#include <utility>

#include "backfill/control.hpp"
#include "backfill/quarantine.hpp"
#include "backfill/slice_walk.hpp"
#include "backfill/undo.hpp"
#include "base/sync_point.hpp"
#include "ledger/slices.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::Ended;
using test::everything_said;
using test::thrown_by;

// Acts once, when the first row that is tried again has been committed.
class AfterFirstRetry {
 public:
  explicit AfterFirstRetry(std::function<void()> act) {
    act_ = std::move(act);
    sync_hook = [](SyncPoint point) {
      if (point != SyncPoint::kRetryCommitted) return;
      if (const auto once = std::exchange(act_, nullptr)) once();
    };
  }
  ~AfterFirstRetry() { sync_hook = nullptr; }
  AfterFirstRetry(const AfterFirstRetry&) = delete;
  AfterFirstRetry& operator=(const AfterFirstRetry&) = delete;

 private:
  inline static std::function<void()> act_;
};

class Quarantine : public DatabaseTest {
 protected:
  // The change of a row with an odd thousand violates a constraint.
  void make_project(const std::string& on_error, std::int64_t rows = 3000, const std::string& key = "id") {
    make_rows(rows);
    exec("CREATE TABLE u (id bigint PRIMARY KEY, n bigint NOT NULL, CONSTRAINT n_is_small CHECK (n < 100))");
    exec("INSERT INTO u SELECT " + key + ", CASE WHEN id IN (1000, 1001, 2500) THEN 99 ELSE 0 END FROM t");
    data("1_grow", "-- over: u\n-- where: n <> 1 AND n <> 100\n-- batch: 500\n" + on_error +
                       "-- migrate:batch\nUPDATE u SET n = n + 1 WHERE :batch\n");
  }
  // Rows 5 and 25 of 30 are in quarantine, and nothing is in their way any more.
  void set_two_aside(const std::string& header) {
    make_rows(30);
    exec("CREATE TABLE seen (id bigint PRIMARY KEY); INSERT INTO seen VALUES (5), (25)");
    data("1_count", "-- over: t\n-- batch: 10\n-- on_error: quarantine\n" + header +
                        "-- migrate:batch\nINSERT INTO seen SELECT id FROM t WHERE :batch;\n"
                        "UPDATE t SET n = n + 1 WHERE :batch\n");
    EXPECT_EQ(failed_run("count").code(), Code::kQuarantined);
    exec("DELETE FROM seen");
  }
  backfill::Retried retry(const std::string& name) {
    auto book = *ledger::Ledger::open(database(), connection());
    const project::Timeline all = timeline();
    const auto worker = backfill::connect_worker(database());
    return backfill::retry_quarantine(database(), *worker, book, all.find(name), latest(name), stop());
  }
  ledger::Run latest(const std::string& name) {
    auto book = *ledger::Ledger::open(database(), connection());
    return backfill::find_run(book, name);
  }
  std::vector<std::string> keys() {
    auto book = *ledger::Ledger::open(database(), connection());
    std::vector<std::string> found;
    for (const auto& row : ledger::read_quarantine(book, {project::Version("1"), 1}))
      found.push_back(db::encode_key(row.key));
    return found;
  }
};
WEIR_ON_EVERY_ENGINE(Quarantine);

TEST_P(Quarantine, StopNamesTheRowAndTheConstraintAndNoValue) {
  make_project("");
  const Error error = failed_run("grow");
  EXPECT_EQ(error.code(), Code::kConstraint);
  EXPECT_NE(error.message().find("row [1000] of u"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("n_is_small"), std::string::npos) << error.message();
  EXPECT_EQ(everything_said(error).find("99"), std::string::npos);
  EXPECT_EQ(run_state("grow"), "failed");
  // What lies before it is done, once; what lies behind it is not touched.
  EXPECT_EQ(query("SELECT count(*) FROM u WHERE n = 1"), "999");
  EXPECT_EQ(number("SELECT max(id) FROM u WHERE n = 1"), 999);
  exec("UPDATE u SET n = 0 WHERE n = 99");
  EXPECT_EQ(run("grow").rows_done, 3000);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM u"), "1|1");
}

TEST_P(Quarantine, SetsFailingRowsAsideAndDoesAllOthers) {
  make_project("-- on_error: quarantine\n");
  const Error error = failed_run("grow");
  EXPECT_EQ(error.code(), Code::kQuarantined);
  EXPECT_EQ(keys(), (std::vector<std::string>{"[1000]", "[1001]", "[2500]"}));
  EXPECT_EQ(query("SELECT n, count(*) FROM u GROUP BY n ORDER BY n"), "1|2997\n99|3");
  EXPECT_EQ(run_state("grow"), "failed");
  // Started again it does not succeed as long as they are there.
  EXPECT_EQ(failed_run("grow").code(), Code::kQuarantined);
}

TEST_P(Quarantine, RetryProcessesARowOnceTheCauseIsMended) {
  make_project("-- on_error: quarantine\n");
  failed_run("grow");
  const Ended listed = weir({"quarantine", "list", "grow"});
  EXPECT_NE(listed.out.find("[1000]"), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("n_is_small"), std::string::npos) << listed.out;
  exec("UPDATE u SET n = 0 WHERE id IN (1000, 2500)");
  EXPECT_EQ(weir({"quarantine", "retry", "grow"}).exit_code, 1);
  EXPECT_EQ(keys(), (std::vector<std::string>{"[1001]"}));
  exec("UPDATE u SET n = 0 WHERE id = 1001");
  const Ended retried = weir({"quarantine", "retry", "grow", "--json"});
  EXPECT_EQ(retried.exit_code, 0) << retried.out;
  EXPECT_TRUE(keys().empty());
  EXPECT_EQ(run("grow").rows_done, 3000);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM u"), "1|1");
}

TEST_P(Quarantine, DiscardLeavesItToTheResidual) {
  make_project("-- on_error: quarantine\n");
  failed_run("grow");
  exec("DELETE FROM u WHERE n = 99");
  EXPECT_EQ(weir({"quarantine", "discard", "grow"}).exit_code, 0);
  EXPECT_EQ(run("grow").state, ledger::RunState::kSucceeded);
}

TEST_P(Quarantine, StopsWhenTheBudgetIsUsedUp) {
  make_project("-- on_error: quarantine 2\n");
  EXPECT_EQ(failed_run("grow").code(), Code::kErrorBudget);
  EXPECT_EQ(keys(), (std::vector<std::string>{"[1000]", "[1001]"}));
  EXPECT_EQ(number("SELECT max(id) FROM u WHERE n = 1"), 2499);
}

TEST_P(Quarantine, ARowInTheFirstAndTheLastPlaceIsFoundToo) {
  make_rows(1000);
  exec("CREATE TABLE u (id bigint PRIMARY KEY, n bigint NOT NULL, CONSTRAINT small CHECK (n < 100))");
  exec("INSERT INTO u SELECT id, CASE WHEN id IN (1, 1000) THEN 99 ELSE 0 END FROM t");
  data("1_grow",
       "-- over: u\n-- batch: 1000\n-- on_error: quarantine\n-- migrate:batch\nUPDATE u SET n = n + 1 WHERE :batch\n");
  EXPECT_EQ(failed_run("grow").code(), Code::kQuarantined);
  EXPECT_EQ(keys(), (std::vector<std::string>{"[1]", "[1000]"}));
  EXPECT_EQ(query("SELECT n, count(*) FROM u GROUP BY n ORDER BY n"), "1|998\n99|2");
  // Without `where` nothing but the quarantine knows of them.
  exec("UPDATE u SET n = 0 WHERE n = 99");
  EXPECT_EQ(weir({"quarantine", "retry", "grow"}).exit_code, 0);
  EXPECT_EQ(run("grow").rows_done, 1000);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM u"), "1|1");
}

// Not one row is at fault: what fails without rows must not spin.
TEST_P(Quarantine, AStatementThatAlwaysFailsEndsTheRun) {
  make_rows(20);
  exec("DELETE FROM t WHERE id > 15");
  exec("CREATE TABLE u (id int CHECK (id < 5))");
  data("1_x",
       "-- over: t\n-- batch: 10\n-- on_error: quarantine 5000\n-- migrate:batch\nINSERT INTO u SELECT 9 FROM (SELECT "
       "1 AS one) AS x WHERE "
       "1 = 1 OR EXISTS (SELECT 1 FROM t WHERE :batch)\n");
  const Error error = failed_run("x");
  EXPECT_TRUE(error.code() == Code::kConstraint || error.code() == Code::kQuarantined) << error.message();
}

TEST_P(Quarantine, WorksWithSeveralWorkers) {
  make_project("-- on_error: quarantine\n", 20'000);
  const Ended ended = weir({"run", "grow", "--workers", "3"});
  EXPECT_EQ(ended.exit_code, 1);
  auto found = keys();
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (std::vector<std::string>{"[1000]", "[1001]", "[2500]"}));
  EXPECT_EQ(query("SELECT n, count(*) FROM u GROUP BY n ORDER BY n"), "1|19997\n99|3");
}

TEST_P(Quarantine, RetryEndsWhereAnUndoBegins) {
  set_two_aside("-- keep: n\n");
  std::optional<backfill::Undo> undo;
  Error refused(Code::kInternal, "");
  {
    const AfterFirstRetry act([&] {
      undo.emplace(database(), clock(), stop(), observer(), latest("count"), "test");
      undo->begin();
    });
    refused = thrown_by([&] { retry("count"); });
  }
  EXPECT_EQ(refused.code(), Code::kIllegalTransition) << refused.message();
  EXPECT_EQ(query("SELECT id, n FROM t WHERE id IN (5, 25) ORDER BY id"), "5|1\n25|0");
  const auto outcome = undo.value().execute();
  EXPECT_TRUE(outcome.complete);
  EXPECT_EQ(outcome.restored, 29);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "0|0");
}

TEST_P(Quarantine, RetryEndsWhereTheRunIsCancelled) {
  set_two_aside("");
  const AfterFirstRetry act([&] {
    auto book = *ledger::Ledger::open(database(), connection());
    backfill::cancel_run(book, latest("count"), "test", {clock(), stop(), Milliseconds(0)});
  });
  EXPECT_EQ(thrown_by([&] { retry("count"); }).code(), Code::kIllegalTransition);
  EXPECT_EQ(query("SELECT id, n FROM t WHERE id IN (5, 25) ORDER BY id"), "5|1\n25|0");
}

TEST_P(Quarantine, RetryRefusesARunThatWasCancelled) {
  set_two_aside("");
  EXPECT_EQ(weir({"cancel", "count"}).exit_code, 0);
  const Ended listed = weir({"quarantine", "list", "count"});
  EXPECT_NE(listed.out.find("The run is cancelled"), std::string::npos) << listed.out;
  EXPECT_EQ(listed.out.find("quarantine retry"), std::string::npos) << listed.out;
  const Ended retried = weir({"quarantine", "retry", "count"});
  EXPECT_EQ(retried.exit_code, exit_code(Code::kIllegalTransition)) << retried.out << retried.err;
  EXPECT_EQ(query("SELECT id, n FROM t WHERE id IN (5, 25) ORDER BY id"), "5|0\n25|0");
}

TEST_P(Quarantine, RetryCountsOnlyWhatItHasProcessedItself) {
  set_two_aside("");
  const AfterFirstRetry act([&] { exec("DELETE FROM weir_quarantine"); });
  const auto retried = retry("count");
  EXPECT_EQ(retried.processed, 1);
  EXPECT_EQ(retried.elsewhere, 1);
  EXPECT_EQ(retried.left, 0);
  EXPECT_EQ(query("SELECT id, n FROM t WHERE id IN (5, 25) ORDER BY id"), "5|1\n25|0");
}

TEST_P(Quarantine, RetryRefusesAFileOfAnotherTableOrKey) {
  make_project("-- on_error: quarantine\n");
  failed_run("grow");
  exec("UPDATE u SET n = 0 WHERE n = 99");
  exec("CREATE TABLE other (id bigint PRIMARY KEY, n bigint NOT NULL); INSERT INTO other SELECT id, 0 FROM t");
  data("1_grow",
       "-- over: other\n-- on_error: quarantine\n-- migrate:batch\nUPDATE other SET n = n + 1 WHERE :batch\n");
  EXPECT_EQ(thrown_by([&] { retry("grow"); }).code(), Code::kDefinitionChanged);
  EXPECT_EQ(number("SELECT max(n) FROM other"), 0);
  exec("ALTER TABLE u ADD COLUMN twin bigint; UPDATE u SET twin = 3001 - id");
  exec("CREATE UNIQUE INDEX by_twin ON u (twin)");
  data("1_grow",
       "-- over: u\n-- key: twin\n-- on_error: quarantine\n-- migrate:batch\nUPDATE u SET n = n + 1 WHERE :batch\n");
  EXPECT_EQ(thrown_by([&] { retry("grow"); }).code(), Code::kDefinitionChanged);
  EXPECT_EQ(number("SELECT count(*) FROM u WHERE n = 0"), 3);
  EXPECT_EQ(keys().size(), 3U);
}

// With `where` the first batch is looked at before it commits, and what is tried again is executed alone: neither goes
// through the engine's own form of a batch.
class UnfitStatements : public Quarantine {
 protected:
  // What would commit by itself, or end with the session's state changed. SQLite has no such statement.
  std::string unfit() const { return pick("DISCARD PLANS", "", "TRUNCATE TABLE other"); }
};
WEIR_ON_EVERY_ENGINE(UnfitStatements);

TEST_P(UnfitStatements, AreRefusedBeforeTheFirstBatch) {
  if (is_sqlite()) return;
  make_rows(30);
  exec("CREATE TABLE other (id int); INSERT INTO other VALUES (1)");
  data("1_fill",
       "-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch;\n" +
           unfit() + ";\n");
  const Error error = failed_run("fill");
  EXPECT_EQ(error.code(), Code::kInvalidFile) << error.message();
  EXPECT_TRUE(error.place());
  EXPECT_EQ(number("SELECT count(a) FROM t"), 0);
  EXPECT_EQ(number("SELECT count(*) FROM other"), 1);
}

TEST_P(UnfitStatements, AreRefusedBeforeARowIsTriedAgain) {
  if (is_sqlite()) return;
  make_project("-- on_error: quarantine\n");
  failed_run("grow");
  exec("CREATE TABLE other (id int); INSERT INTO other VALUES (1); UPDATE u SET n = 0 WHERE n = 99");
  data("1_grow",
       "-- over: u\n-- where: n <> 1 AND n <> 100\n-- on_error: quarantine\n-- migrate:batch\n"
       "UPDATE u SET n = n + 1 WHERE :batch;\n" +
           unfit() + ";\n");
  const Ended retried = weir({"quarantine", "retry", "grow"});
  EXPECT_EQ(retried.exit_code, exit_code(Code::kInvalidFile)) << retried.out << retried.err;
  EXPECT_EQ(keys().size(), 3U);
  EXPECT_EQ(number("SELECT count(*) FROM u WHERE n = 0"), 3);
  EXPECT_EQ(number("SELECT count(*) FROM other"), 1);
}

TEST_P(Quarantine, AMistakeInOnErrorIsShownAtItsPlace) {
  make_rows(1);
  data("1_grow", "-- over: t\n-- on_error: quarantine many\n-- migrate:batch\nUPDATE t SET n = 1 WHERE :batch\n");
  const Error error = thrown_by([&] { timeline(); });
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_EQ(error.place()->line, 2);
  EXPECT_EQ(error.place()->column, 25);
}

}  // namespace
}  // namespace weir
