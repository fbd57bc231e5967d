// The public library, used as a program would: what is included here from weir itself is include/weir. The database and
// the project's folder are the fixture's, which also looks at the data.
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <weir/weir.hpp>

#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::thrown_by;

constexpr std::int64_t kRows = 2'000;

// Does something after a batch, and remembers what it was told.
class Watcher : public Observer {
 public:
  void on_progress(const Progress& progress) override {
    ++batches;
    last = progress;
    if (after_batch) after_batch(batches);
  }
  void on_note(const std::string& text) override { notes += text + "\n"; }
  void on_step(const Step& step) override { steps.push_back(step); }
  void on_rolled_back(const RolledBack& one) override { undone.push_back(one.name); }
  void on_run_ended(const std::string& name, const RunOutcome& outcome) override {
    ended += name + " " + std::string(to_string(outcome.state)) + "\n";
    if (after_run) after_run();
  }
  void on_run_failed(const std::string& name, const Error& error) override {
    failed += name + " " + std::string(to_string(error.code())) + "\n";
  }

  std::function<void(int)> after_batch;  // the number of the batch, from 1
  std::function<void()> after_run;
  int batches = 0;
  Progress last;
  std::string notes, ended, failed;
  std::vector<Step> steps;
  std::vector<std::string> undone;
};

class Library : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    if (is_sqlite()) exec("PRAGMA journal_mode = WAL");
    project().write("weir.toml", "inline_rows = 0\n");
  }
  Project open() const { return Project::open({.directory = project().path(), .url = url(), .actor = "test"}); }

  // A change that is wrong when it is made twice.
  void make_count(int batch = 20) {
    make_rows(kRows);
    disconnect();
    data("1_count", "-- over: t\n-- batch: " + std::to_string(batch) +
                        "\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  }
  void expect_once() { EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|" + std::to_string(kRows)); }
  // Runs it in another thread; returns when `batches` are done.
  static std::future<RunOutcome> begin(const Project& project, Watcher& watcher, int batches) {
    auto begun = std::make_shared<std::promise<void>>();
    watcher.after_batch = [begun, batches](int batch) {
      if (batch == batches) begun->set_value();
    };
    auto running = std::async(std::launch::async, [&] { return project.run("count", {}, &watcher); });
    begun->get_future().wait();
    return running;
  }
  // So slow that it goes on until somebody does something.
  static void queue_slowly(const Project& project) {
    project.start("count");
    project.tune("count", {.max_rate = 1000});
  }
};
WEIR_ON_EVERY_ENGINE(Library);

TEST_P(Library, MigratesARunOpensTheGateAndRollbackGoesBack) {
  make_rows(kRows);
  disconnect();
  schema("1_add_b",
         "-- change: b\n-- migrate:up\nALTER TABLE t ADD COLUMN b bigint;\n-- migrate:down\n"
         "ALTER TABLE t DROP COLUMN b;\n");
  data("2_fill_b",
       "-- change: b\n-- requires: add_b\n-- over: t\n-- where: b IS NULL\n-- migrate:batch\n"
       "UPDATE t SET b = 2 WHERE :batch;\n-- migrate:verify\nSELECT count(*) FROM t WHERE b <> 2;\n");
  schema("3_drop_a",
         "-- change: b\n-- requires: fill_b\n-- migrate:up\nALTER TABLE t DROP COLUMN a;\n"
         "-- migrate:down\nALTER TABLE t ADD COLUMN a bigint;\n");
  const Project project = open();
  EXPECT_EQ(project.engine(), engine());
  EXPECT_TRUE(project.runs().empty());
  EXPECT_EQ(project.migrate({.dry_run = true}).count(Action::kApply), 1U);
  EXPECT_EQ(project.status().migrations.at(0).state, "pending") << "a dry run writes nothing";

  Watcher watcher;
  const MigrateResult deployed = project.migrate({}, &watcher);
  ASSERT_EQ(deployed.steps.size(), 3U);
  EXPECT_EQ(deployed.steps[0].action, Action::kApply);
  EXPECT_EQ(deployed.steps[1].action, Action::kEnqueue);
  EXPECT_EQ(deployed.steps[1].rows_total, kRows);
  EXPECT_EQ(deployed.steps[2].action, Action::kWait);
  ASSERT_EQ(deployed.steps[2].blockers.size(), 1U);
  EXPECT_EQ(deployed.steps[2].blockers[0].name, "fill_b");
  EXPECT_EQ(watcher.steps.size(), 3U) << "told as soon as they are done";

  const Status status = project.status();
  EXPECT_EQ(status.engine, engine());
  ASSERT_EQ(status.migrations.size(), 3U);
  EXPECT_EQ(status.migrations[0].state, "applied");
  EXPECT_TRUE(status.migrations[0].applied_at);
  EXPECT_EQ(status.migrations[1].state, "queued");
  EXPECT_EQ(status.migrations[2].waits_for, std::vector<std::string>{"fill_b"});
  ASSERT_EQ(status.changes.size(), 1U);
  EXPECT_EQ(status.changes[0].contract, std::vector<std::string>{"3"});

  const RunOutcome outcome = project.run("fill_b", {}, &watcher);
  EXPECT_EQ(outcome.state, RunState::kSucceeded);
  EXPECT_EQ(outcome.rows_done, kRows);
  EXPECT_EQ(outcome.violations, 0);
  EXPECT_EQ(watcher.last.rows_done, kRows);
  EXPECT_TRUE(project.run("fill_b").already_complete);
  for (const auto& one : project.verify()) EXPECT_TRUE(one.clean());
  EXPECT_EQ(project.migrate().count(Action::kApply), 1U);
  EXPECT_EQ(project.status().migrations.at(2).state, "applied");

  const auto undone = project.rollback({.steps = 2}, &watcher);
  ASSERT_EQ(undone.size(), 2U);
  EXPECT_EQ(undone[1].reopened, std::vector<std::string>{"fill_b"});
  EXPECT_EQ(watcher.undone, (std::vector<std::string>{"drop_a", "add_b"}));
}

TEST_P(Library, AStopFinishesTheBatchAndPausesTheRun) {
  make_count();
  const Project project = open();
  std::stop_source stop;
  Watcher watcher;
  watcher.after_batch = [&](int batch) {
    if (batch == 3) stop.request_stop();
  };
  const RunOutcome stopped = project.run("count", {.stop = stop.get_token()}, &watcher);
  EXPECT_EQ(stopped.state, RunState::kPaused);
  EXPECT_EQ(stopped.rows_here, 60);
  EXPECT_EQ(watcher.batches, 3);
  EXPECT_EQ(project.run_status("count").state, RunState::kPaused);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 60);
  disconnect();
  EXPECT_EQ(project.run("count").rows_here, kRows - 60);
  expect_once();
}

TEST_P(Library, WhatAnObserverThrowsStopsTheRunAndComesOut) {
  make_count();
  const Project project = open();
  Watcher watcher;
  watcher.after_batch = [](int batch) {
    if (batch == 2) throw std::out_of_range("mine");
  };
  EXPECT_THROW(project.run("count", {.workers = 2}, &watcher), std::out_of_range);
  EXPECT_EQ(watcher.batches, 2) << "it is told nothing more";
  EXPECT_EQ(project.run_status("count").state, RunState::kPaused);
  EXPECT_EQ(project.run("count").state, RunState::kSucceeded);
  expect_once();
}

TEST_P(Library, PauseResumeAndTuneFromAnotherThread) {
  make_count();
  const Project project = open();
  queue_slowly(project);
  Watcher watcher;
  auto running = begin(project, watcher, 2);
  const RunStatus during = project.run_status("count");
  EXPECT_EQ(during.state, RunState::kRunning);
  EXPECT_EQ(during.workers, 1);
  EXPECT_EQ(project.pause("count").state, RunState::kPaused);
  EXPECT_EQ(running.get().state, RunState::kPaused);
  const auto done = number("SELECT sum(n) FROM t");
  EXPECT_LT(done, kRows);
  disconnect();
  EXPECT_EQ(project.resume("count").state, RunState::kQueued);
  const RunStatus tuned = project.tune("count", {.batch_rows = 500, .max_rate = 0});
  EXPECT_EQ(tuned.batch_rows, 500);
  EXPECT_EQ(project.tune("count", {.batch_rows = 0}).batch_rows, std::nullopt);
  Watcher worker;
  EXPECT_EQ(project.work({.until = WorkOptions::Until::kNothingLeft, .workers = 2}, &worker), 0U);
  EXPECT_EQ(worker.ended, "count succeeded\n");
  EXPECT_EQ(project.run_status("count").percent, 100);
  expect_once();
}

TEST_P(Library, CancelEndsARunForGood) {
  make_count();
  const Project project = open();
  queue_slowly(project);
  Watcher watcher;
  auto running = begin(project, watcher, 1);
  EXPECT_EQ(project.cancel("count").state, RunState::kCancelled);
  EXPECT_EQ(running.get().state, RunState::kCancelled);
  EXPECT_EQ(thrown_by([&] { project.resume("count"); }).code(), Code::kIllegalTransition);
}

TEST_P(Library, AWorkerExecutesWhatIsQueuedUntilItIsStopped) {
  make_count(200);
  const Project project = open();
  std::stop_source stop;
  std::promise<void> done;
  Watcher watcher;
  watcher.after_run = [&] { done.set_value(); };
  auto worker = std::async(std::launch::async, [&] { return project.work({.stop = stop.get_token()}, &watcher); });
  project.start("count", {.workers = 1});
  done.get_future().wait();
  stop.request_stop();
  EXPECT_EQ(worker.get(), 0U);
  EXPECT_EQ(watcher.ended, "count succeeded\n");
  expect_once();
}

TEST_P(Library, AWorkerTellsWhichRunFailedAndLeavesIt) {
  make_count(200);
  data("2_broken", "-- over: t\n-- migrate:batch\nUPDATE t SET n = NULL WHERE :batch\n");
  const Project project = open();
  project.start("broken");
  project.start("count");
  Watcher watcher;
  EXPECT_EQ(project.work({.until = WorkOptions::Until::kNothingLeft}, &watcher), 1U);
  EXPECT_EQ(watcher.failed, "broken constraint\n");
  EXPECT_EQ(watcher.ended, "count succeeded\n");
  EXPECT_EQ(project.run_status("broken").state, RunState::kFailed);
  expect_once();
}

TEST_P(Library, TwoThreadsAtOneRunShareItAndBothSeeItSucceed) {
  make_count(10);
  open().start("count");
  const Project one = open();
  const Project two = open();
  auto helper = std::async(std::launch::async, [&] { return two.run("count"); });
  const RunOutcome here = one.run("count");
  const RunOutcome there = helper.get();
  EXPECT_EQ(here.state, RunState::kSucceeded);
  EXPECT_EQ(there.state, RunState::kSucceeded);
  EXPECT_EQ(here.rows_here + there.rows_here, kRows);
  expect_once();
}

TEST_P(Library, ProjectsOfSeveralDatabasesDoNotDisturbEachOther) {
  make_count();
  const test::TempDir other_folder;
  other_folder.write("db/migrate/1_t.sql",
                     "-- migrate:up\nCREATE TABLE t (id integer PRIMARY KEY, n integer NOT NULL);\n"
                     "INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 500) "
                     "SELECT i, 0 FROM s;\n");
  other_folder.write("db/data/2_add.sql",
                     "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 2 WHERE :batch\n"
                     "-- migrate:verify\nSELECT count(*) FROM t WHERE n <> 2\n");
  const Project here = open();
  const Project there =
      Project::open({.directory = other_folder.path(), .url = "sqlite:" + (other_folder.path() / "o.db").string()});
  auto other = std::async(std::launch::async, [&] { return there.migrate(); });
  EXPECT_EQ(here.run("count").rows_here, kRows);
  EXPECT_EQ(other.get().count(Action::kRunInline), 1U);
  EXPECT_TRUE(there.verify("add").at(0).clean());
  EXPECT_EQ(there.status().runs.size(), 1U);
  expect_once();
}

// A worker that lost its connection for good leaves its lease behind, and its process lives on.
TEST_P(Library, TheLeaseOfAWorkerThatEndedInThisProcessKeepsNobodyWaiting) {
  make_count();
  const Project project = open();
  std::stop_source stop;
  Watcher watcher;
  watcher.after_batch = [&](int) { stop.request_stop(); };
  project.run("count", {.stop = stop.get_token()}, &watcher);
  exec("UPDATE weir_runs SET state = 'running'");
  exec("UPDATE weir_slices SET lease_token = 'left behind', lease_session = '', lease_expires_at_ms = 99999999999999");
  disconnect();
  EXPECT_EQ(project.run_status("count").workers, 0) << "it is known to be dead";
  EXPECT_EQ(project.run("count").state, RunState::kSucceeded);
  expect_once();
}

TEST_P(Library, LooksAtRunsUntilItIsToldToStop) {
  make_count(500);
  const Project project = open();
  project.start("count");
  std::vector<RunState> seen;
  project.watch(
      [&](const std::vector<RunStatus>& runs) {
        seen.push_back(runs.at(0).state);
        if (seen.size() == 1) project.run("count");
        return seen.size() < 2;
      },
      std::chrono::milliseconds(1));
  EXPECT_EQ(seen, (std::vector<RunState>{RunState::kQueued, RunState::kSucceeded}));
}

TEST_P(Library, UndoGivesRowsTheirOldValuesBack) {
  make_rows(100);
  disconnect();
  data("1_set", "-- over: t\n-- where: n = 0\n-- keep: n\n-- migrate:batch\nUPDATE t SET n = 7 WHERE :batch\n");
  const Project project = open();
  EXPECT_EQ(project.run("set").rows_done, 100);
  const UndoOutcome undone = project.undo("set");
  EXPECT_TRUE(undone.complete);
  EXPECT_EQ(undone.restored, 100);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
}

TEST_P(Library, ARowProgramComputesWhatSqlCannot) {
  make_rows(kRows);
  disconnect();
  data("1_spell",
       "-- over: t\n-- where: a IS NULL\n-- batch: 100\n-- read: id, n\n-- write: a\n-- migrate:each "
       "program:registered\n");
  Project project = open();
  EXPECT_EQ(thrown_by([&] { project.run("spell"); }).code(), Code::kUsage) << "it is not registered";
  std::atomic<std::int64_t> asked{0};
  project.register_row_program("spell", [&](const RowView& row) -> NewValues {
    ++asked;
    EXPECT_EQ(row.size(), 2U);
    EXPECT_TRUE(row[1] == row["n"]);
    return {{"row " + std::to_string(row.integer("id"))}};
  });
  EXPECT_EQ(project.run("spell", {.workers = 2}).rows_done, kRows);
  EXPECT_GE(asked, kRows);
  EXPECT_EQ(number(pick<std::string>("SELECT count(*) FROM t WHERE a = 'row ' || id",
                                     "SELECT count(*) FROM t WHERE a = 'row ' || id",
                                     "SELECT count(*) FROM t WHERE a = concat('row ', id)")),
            kRows);
}

TEST_P(Library, AWorkerHasTheRowProgramsThatAreRegistered) {
  make_rows(kRows);
  disconnect();
  data("1_spell", "-- over: t\n-- where: a IS NULL\n-- read: n, id\n-- write: a\n-- migrate:each program:registered\n");
  const Project without = open();
  without.start("spell");
  Watcher watcher;
  without.work({.until = WorkOptions::Until::kNothingLeft}, &watcher);
  EXPECT_NE(watcher.notes.find("spell is left to the C++ program"), std::string::npos) << watcher.notes;
  EXPECT_EQ(without.run_status("spell").state, RunState::kQueued);
  Project with = open();
  with.register_row_program("spell", [](const RowView& row) -> NewValues {
    if (row.integer("id") == 7) return std::nullopt;
    return {{row.text("id")}};
  });
  exec("UPDATE t SET a = 'x' WHERE id = 7");
  disconnect();
  EXPECT_EQ(with.work({.until = WorkOptions::Until::kNothingLeft}, &watcher), 0U);
  EXPECT_EQ(watcher.ended, "spell succeeded\n");
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a IS NULL"), 0);
}

TEST_P(Library, WhatARowProgramThrowsIsAnErrorOfItsRow) {
  make_rows(50);
  disconnect();
  data("1_spell", "-- over: t\n-- where: a IS NULL\n-- read: id\n-- write: a\n-- migrate:each program:registered\n");
  Project project = open();
  project.register_row_program("spell", [](const RowView& row) -> NewValues {
    if (row.integer("id") == 30) throw std::domain_error("thirty is too much");
    return {{row.text("id")}};
  });
  const Error error = thrown_by([&] { project.run("spell"); });
  EXPECT_EQ(error.code(), Code::kDataError);
  EXPECT_NE(error.message().find("thirty is too much"), std::string::npos) << error.message();
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a IS NOT NULL"), 29) << "the rows before it are done";
  disconnect();
  project.register_row_program("spell", [](const RowView& row) -> NewValues { return {{row.text("nosuch")}}; });
  EXPECT_NE(thrown_by([&] { project.run("spell"); }).message().find("does not read column nosuch"), std::string::npos);
  project.register_row_program("spell", [](const RowView& row) -> NewValues { return {{row.text("id")}}; });
  EXPECT_EQ(project.run("spell").state, RunState::kSucceeded);
}

TEST_P(Library, ErrorsKnowWhatHappenedWhereAndWhatToDo) {
  make_count();
  const Project project = open();
  const Error unknown = thrown_by([&] { project.run("cuont"); });
  EXPECT_EQ(unknown.code(), Code::kNotFound);
  EXPECT_NE(unknown.hint().find("count"), std::string::npos) << unknown.hint();
  EXPECT_EQ(thrown_by([&] { project.run("count", {.workers = 0}); }).code(), Code::kUsage);
  EXPECT_EQ(thrown_by([&] { project.run("count", {.parameters = {{"no", "1"}}}); }).code(), Code::kUsage);
  EXPECT_EQ(thrown_by([&] { project.pause("count"); }).code(), Code::kNotFound) << "it never ran";
  EXPECT_EQ(thrown_by([&] { project.tune("count", {.batch_rows = 1}); }).code(), Code::kNotFound);

  schema("2_bad", "-- migrate:up\nALTER TABLE no_such_table\n  ADD COLUMN x bigint;\n");
  const Error refused = thrown_by([&] { project.migrate(); });
  EXPECT_EQ(refused.code(), Code::kUndefinedObject) << refused.what();
  ASSERT_TRUE(refused.place());
  EXPECT_EQ(refused.place()->file, "db/migrate/2_bad.sql");
  EXPECT_EQ(refused.place()->line, 2);
  EXPECT_EQ(refused.facts().sqlstate, pick<std::string>("42P01", "", "42S02"));
  EXPECT_EQ(refused.next(), Next::kFail);

  schema("2_bad", "-- migrate:up\n-- lokc: 2s\nSELECT 1;\n-- migrate:sideways\n");
  const Error invalid = thrown_by([&] { project.status(); });
  EXPECT_EQ(invalid.code(), Code::kInvalidFile);
  ASSERT_TRUE(invalid.place());
  EXPECT_EQ(invalid.place()->line, 4);
  EXPECT_FALSE(invalid.hint().empty());
}

TEST_P(Library, ARunWaitsAtItsGate) {
  make_count();
  schema("0_first", "-- migrate:up\nCREATE TABLE u (id bigint PRIMARY KEY);\n-- migrate:down\nDROP TABLE u;\n");
  data("1_count", "-- requires: first\n-- over: t\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  const Project project = open();
  EXPECT_EQ(thrown_by([&] { project.run("count"); }).code(), Code::kGateClosed);
  EXPECT_EQ(thrown_by([&] { project.start("count"); }).code(), Code::kGateClosed);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
}

TEST(LibraryVersion, IsThatOfItsHeaders) {
  EXPECT_EQ(version(), std::to_string(WEIR_VERSION_MAJOR) + "." + std::to_string(WEIR_VERSION_MINOR) + "." +
                           std::to_string(WEIR_VERSION_PATCH));
}

}  // namespace
}  // namespace weir
