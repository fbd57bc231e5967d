// Several workers at one run, threads and processes, and what an operator does to it from elsewhere.
#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "backfill/work_queue.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using nlohmann::json;
using test::DatabaseTest;
using test::Ended;

constexpr std::int64_t kRows = 20'000;

class Workers : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    if (is_sqlite()) exec("PRAGMA journal_mode = WAL");
  }
  // Changes that are wrong when they are made twice.
  void make_project(int batch, const std::string& key = "i") {
    exec("CREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL)");
    exec("INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " +
         std::to_string(kRows) + ") SELECT " + key + ", 0 FROM s");
    data("1_count", "-- over: t\n-- batch: " + std::to_string(batch) +
                        "\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  }
  void expect_once() {
    EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|" + std::to_string(kRows));
    EXPECT_EQ(number("SELECT sum(rows_done) FROM weir_slices"), kRows);
  }
  // The look at the data is the sync point.
  void await_rows(std::int64_t rows) {
    while (number("SELECT count(*) FROM t WHERE n > 0") < rows) {
    }
  }
  // So slow that it goes on until somebody does something.
  std::unique_ptr<test::ChildProcess> start_slow_run(const std::vector<std::string>& more = {}) {
    make_project(20);
    EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
    EXPECT_EQ(weir({"tune", "count", "max_rate=2000"}).exit_code, 0);
    std::vector<std::string> words = {"run", "count"};
    words.insert(words.end(), more.begin(), more.end());
    auto child = start_weir(words);
    await_rows(100);
    return child;
  }
};
WEIR_ON_EVERY_ENGINE(Workers);

TEST_P(Workers, Invariant1ChangeEachRowOnce) {
  make_project(50);
  const Ended ended = weir({"run", "count", "--workers", "4"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_once();
  const auto slices = number("SELECT count(*) FROM weir_slices WHERE ordinal > 0 AND rows_done > 0");
  if (is_sqlite()) {
    EXPECT_EQ(slices, 1) << "it has one writer";
  } else {
    EXPECT_GE(slices, 16);
  }
}

// By arithmetic nearly all rows are in the last slice.
TEST_P(Workers, ShareASliceThatHoldsNearlyAllRows) {
  if (is_sqlite()) return;
  make_project(10, "CASE WHEN i = 1 THEN 1 ELSE i + 1000000000 END");
  const Ended ended = weir({"run", "count", "--workers", "2"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_once();
  EXPECT_GE(number("SELECT count(*) FROM weir_slices WHERE rows_done > 100"), 2);
}

TEST_P(Workers, CutATableWithTextKeys) {
  exec("CREATE TABLE t (id " + std::string(is_mysql() ? "varchar(40)" : "text") + " PRIMARY KEY, n bigint NOT NULL)");
  exec("INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 20000) SELECT " +
       pick<std::string>("md5(i::text)", "hex(i * 7919) || i", "left(sha2(i, 256), 32)") + ", 0 FROM s");
  data("1_count", "-- over: t\n-- batch: 20\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  const Ended ended = weir({"run", "count", "--workers", "3"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_once();
  const bool cuts = is_postgres();
  EXPECT_GE(number("SELECT count(*) FROM weir_slices WHERE rows_done > 100"), cuts ? 8 : 1);
}

TEST_P(Workers, Invariant2AKilledProcessIsReplacedByTheOther) {
  make_project(10);
  const auto first = start_weir({"run", "count", "--workers", "2"});
  await_rows(200);
  const auto second = start_weir({"run", "count", "--workers", "2"});
  await_rows(2000);
  first->send(SIGKILL);
  EXPECT_EQ(first->wait().exit_code, 128 + SIGKILL);
  const Ended ended = second->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_once();
}

TEST_P(Workers, PauseAndResumeFromElsewhere) {
  const auto child = start_slow_run({"--workers", "2"});
  const Ended pause = weir({"pause", "count"});
  EXPECT_EQ(pause.exit_code, 0) << pause.out << pause.err;
  EXPECT_EQ(run_state("count"), "paused");
  const auto done = number("SELECT sum(n) FROM t");
  EXPECT_LT(done, kRows);
  const Ended ended = child->wait();
  EXPECT_EQ(ended.exit_code, 6) << ended.err;
  EXPECT_EQ(number("SELECT sum(n) FROM t"), done) << "nothing was changed after it was paused";
  EXPECT_EQ(number("SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL"), 0);
  EXPECT_EQ(weir({"resume", "count"}).exit_code, 0);
  EXPECT_EQ(run_state("count"), "queued");
  EXPECT_EQ(weir({"tune", "count", "max_rate=none", "batch=500"}).exit_code, 0);
  const Ended worker = weir({"worker", "--once", "--workers", "2"});
  EXPECT_EQ(worker.exit_code, 0) << worker.err;
  EXPECT_EQ(run_state("count"), "succeeded");
  expect_once();
}

TEST_P(Workers, CancelEndsTheRunForGood) {
  const auto child = start_slow_run();
  EXPECT_EQ(weir({"cancel", "count"}).exit_code, 0);
  EXPECT_EQ(run_state("count"), "cancelled");
  const auto done = number("SELECT sum(n) FROM t");
  const Ended ended = child->wait();
  EXPECT_EQ(ended.exit_code, 6) << ended.out;
  EXPECT_NE(ended.out.find("cancelled"), std::string::npos) << ended.out;
  EXPECT_EQ(number("SELECT sum(n) FROM t"), done);
  EXPECT_EQ(weir({"resume", "count"}).exit_code, 1);
}

TEST_P(Workers, TuneIsFollowedByWhoeverWorks) {
  const auto child = start_slow_run();
  EXPECT_EQ(weir({"tune", "count", "max_rate=none", "batch=1000", "workers=3"}).exit_code, 0);
  const Ended ended = child->wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_once();
  EXPECT_LT(number("SELECT sum(batches) FROM weir_slices"), kRows / 20);
  EXPECT_EQ(number("SELECT count(*) FROM weir_events WHERE kind = 'run-tuned'"), 2);
}

TEST_P(Workers, OneOfTwoLeavesAtCtrlCAndTheOtherGoesOn) {
  const auto first = start_slow_run();
  const auto second = start_weir({"run", "count"});
  if (is_sqlite()) {
    // One writer: the second waits for the first.
    while (number("SELECT count(*) FROM weir_events WHERE kind = 'worker-joined'") == 0) {
    }
  } else {
    while (number("SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL AND ordinal > 0") < 2) {
    }
  }
  second->send(SIGINT);
  const Ended left = second->wait();
  EXPECT_EQ(left.exit_code, 6) << left.err;
  EXPECT_NE(left.out.find("other workers go on"), std::string::npos) << left.out;
  EXPECT_EQ(run_state("count"), "running");
  EXPECT_EQ(weir({"tune", "count", "max_rate=none"}).exit_code, 0);
  EXPECT_EQ(first->wait().exit_code, 0);
  expect_once();
}

TEST_P(Workers, AWorkerThatIsStoppedLeavesTheRunInTheQueue) {
  make_project(20);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  EXPECT_EQ(weir({"tune", "count", "max_rate=2000"}).exit_code, 0);
  const auto worker = start_weir({"worker"});
  await_rows(100);
  worker->send(SIGTERM);
  EXPECT_EQ(worker->wait().exit_code, 0);
  EXPECT_EQ(run_state("count"), "queued");
  EXPECT_EQ(weir({"tune", "count", "max_rate=none"}).exit_code, 0);
  EXPECT_EQ(weir({"worker", "--once"}).exit_code, 0);
  expect_once();
}

TEST_P(Workers, AreWatched) {
  const auto child = start_slow_run();
  const Ended text = weir({"watch", "--once"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("running"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("pid " + std::to_string(child->pid())), std::string::npos) << text.out;
  const Ended ended = weir({"watch", "--once", "--json"});
  const json run = json::parse(ended.out, nullptr, false).at("runs").at(0);
  EXPECT_EQ(run.at("state"), "running");
  EXPECT_EQ(run.at("max_rate"), 2000);
  EXPECT_EQ(run.at("slices_held").size(), 1U);
  EXPECT_EQ(run.at("slices_held").at(0).at("lives"), true);
  EXPECT_EQ(weir({"cancel", "count"}).exit_code, 0);
}

TEST_P(Workers, QueueWhatIsCompleteNoMore) {
  make_project(500);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  EXPECT_EQ(weir({"worker", "--once"}).exit_code, 0);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  EXPECT_EQ(weir({"worker", "--once"}).exit_code, 0);
  expect_once();
  EXPECT_EQ(number("SELECT count(*) FROM weir_runs"), 1);
}

constexpr const char* kTwice = "-- over: t\n-- batch: 500\n-- migrate:batch\nUPDATE t SET n = n + 2 WHERE :batch\n";
constexpr const char* kOnce =
    "-- over: t\n-- batch: 500\n-- param: step integer 1\n-- migrate:batch\nUPDATE t SET n = n + :step WHERE :batch\n";

TEST_P(Workers, TakeTheTextThatWasCorrectedWhileTheRunWasQueued) {
  make_project(500);
  data("1_count", kTwice);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  data("1_count", kOnce);
  const Ended again = weir({"run", "count", "--detach"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(weir({"worker", "--once"}).exit_code, 0);
  expect_once();
  EXPECT_EQ(query("SELECT attempt, state FROM weir_runs ORDER BY attempt"), "1|cancelled\n2|succeeded");
}

TEST_P(Workers, TakeTheTextThatWasCorrectedBeforeTheNextDeploy) {
  make_project(500);
  data("1_count", kTwice);
  EXPECT_EQ(weir({"migrate"}).exit_code, 0);
  data("1_count", kOnce);
  const Ended again = weir({"migrate"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_NE(again.err.find("queued anew"), std::string::npos) << again.out << again.err;
  EXPECT_EQ(weir({"worker", "--once"}).exit_code, 0);
  expect_once();
}

TEST_P(Workers, AreNotLeftWithAnOldTextOnceABatchWasCommitted) {
  make_project(500);
  observer().after_batch = [this](int) { stop().request(); };
  run("count");
  data("1_count", kTwice);
  const Ended queued = weir({"run", "count", "--detach", "--json"});
  EXPECT_EQ(queued.exit_code, 1);
  EXPECT_EQ(json::parse(queued.out, nullptr, false)["error"]["code"], "definition-changed") << queued.out;
  EXPECT_EQ(run_state("count"), "paused");
  const Ended deployed = weir({"migrate"});
  EXPECT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_NE(deployed.err.find("weir run count --continue"), std::string::npos) << deployed.out << deployed.err;
  EXPECT_EQ(run_state("count"), "paused") << "as the operator left it";
}

// Does something when a run fails or ends here.
class QueueWatcher final : public backfill::QueueObserver {
 public:
  void on_ended(const project::Migration&, const backfill::RunOutcome& outcome) override {
    said += std::string(to_string(outcome.state)) + "\n";
    if (after_end) after_end();
  }
  void on_left(const ledger::Run&) override {}
  void on_failed(const ledger::Run*, const Error& error) override {
    said += std::string(to_string(error.code())) + "\n";
  }

  std::function<void()> after_end;
  std::string said;
};

// A server that gives connections to one thread only: the pulse has none.
class OneThread final : public db::Database {
 public:
  explicit OneThread(const db::Database& real) : real_(real) {}
  std::unique_ptr<db::Connection> connect(db::Purpose purpose) const override {
    if (std::this_thread::get_id() == owner_) return real_.connect(purpose);
    ++refused;
    throw Error(Code::kCannotConnect, "too many connections");
  }
  std::string_view engine_name() const override { return real_.engine_name(); }
  const db::Capabilities& capabilities() const override { return real_.capabilities(); }
  const sql::Dialect& dialect() const override { return real_.dialect(); }
  std::string display_url() const override { return real_.display_url(); }
  bool exists() const override { return real_.exists(); }
  db::LockAttempt try_deploy_lock(std::string_view actor) const override { return real_.try_deploy_lock(actor); }
  std::optional<db::LockHolder> deploy_lock_holder() const override { return real_.deploy_lock_holder(); }
  std::string now_ms() const override { return real_.now_ms(); }
  std::vector<db::LedgerTable> ledger_schema() const override { return real_.ledger_schema(); }
  bool runs_in_transaction(std::string_view statement) const override { return real_.runs_in_transaction(statement); }
  std::string typed_parameter(std::string_view name, db::ParameterType type) const override {
    return real_.typed_parameter(name, type);
  }
  const db::RowSyntax& row_syntax() const override { return real_.row_syntax(); }
  std::string same_value(const db::Column& column, std::string_view left, std::string_view right) const override {
    return real_.same_value(column, left, right);
  }
  std::string exact_value(const db::Column& column, std::string_view value) const override {
    return real_.exact_value(column, value);
  }

  mutable std::atomic<int> refused{0};

 private:
  const db::Database& real_;
  const std::thread::id owner_ = std::this_thread::get_id();
};

TEST_P(Workers, FollowTheOperatorWithoutAPulseAlsoWhileTheyWaitForTheirRate) {
  make_project(20);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  EXPECT_EQ(weir({"tune", "count", "max_rate=1"}).exit_code, 0);
  const OneThread deaf(database());
  bool tuned = false;
  clock().on_sleep = [&] {
    while (deaf.refused < 2) std::this_thread::yield();  // known to all by then
    if (!std::exchange(tuned, true)) exec("UPDATE weir_runs SET max_rate = NULL");
  };
  const auto all = timeline();
  const auto outcome =
      backfill::Runner(deaf, clock(), stop(), observer()).run({all.find("count"), {}, false, {}, {}, "test"});
  EXPECT_EQ(outcome.state, ledger::RunState::kSucceeded);
  EXPECT_LT(clock().slept, Milliseconds(10'000)) << "one batch alone would have taken 20 s";
  expect_once();
}

// Nobody touches the run when the server is back.
TEST_P(Workers, TryAgainWhatFailedForWantOfAConnection) {
  make_project(500);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  int outages = 2;
  backfill::WorkRequest request{backfill::WorkRequest::Until::kStopped, 1, "test"};
  request.program_of = [&](const project::Migration&) -> backfill::RowProgram* {
    if (outages-- > 0) throw Error(Code::kConnectionLost, "the server is gone").next(Next::kFail);
    return nullptr;
  };
  QueueWatcher watcher;
  watcher.after_end = [&] { stop().request(); };
  EXPECT_EQ(backfill::work_queue(database(), clock(), stop(), watcher, request), 0U);
  EXPECT_EQ(watcher.said, "connection-lost\nconnection-lost\nsucceeded\n");
  expect_once();
}

// It could not be released when its worker ended. Others see a process that lives.
TEST_P(Workers, GiveBackALeaseThatWasLeftBehindInTheirProcess) {
  make_project(500);
  observer().after_batch = [this](int) { stop().request(); };
  run("count");
  forget_stop();
  const ProcessId self = this_process();
  exec("UPDATE weir_runs SET state = 'running'; UPDATE weir_slices SET lease_token = 'left', lease_host = '" +
       self.host + "', lease_hostname = 'h', lease_pid = " + std::to_string(self.pid) +
       ", lease_process_start = " + std::to_string(self.start_time) +
       ", lease_session = '', lease_expires_at_ms = 99999999999999 WHERE ordinal = 1");
  backfill::WorkRequest request{backfill::WorkRequest::Until::kNothingLeft, 1, "test"};
  request.program_of = [](const project::Migration&) -> backfill::RowProgram* {
    throw Error(Code::kConnectionLost, "the server is gone");
  };
  QueueWatcher watcher;
  EXPECT_EQ(backfill::work_queue(database(), clock(), stop(), watcher, request), 1U);
  EXPECT_EQ(number("SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL"), 0);
  EXPECT_EQ(weir({"run", "count"}).exit_code, 0);
  expect_once();
}

TEST_P(Workers, SayWhatWasTuned) {
  make_project(500);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  const Ended tuned = weir({"tune", "count", "workers=2"});
  EXPECT_EQ(tuned.exit_code, 0) << tuned.err;
  EXPECT_EQ(tuned.err.find("one writer") != std::string::npos, is_sqlite()) << tuned.err;
  EXPECT_EQ(number("SELECT workers FROM weir_runs"), 2);
  EXPECT_EQ(weir({"tune", "count", "workers=none"}).exit_code, 0);
  EXPECT_EQ(query("SELECT workers FROM weir_runs"), "NULL");
  EXPECT_EQ(weir({"tune", "count", "workers=2"}).exit_code, 0);
  const Ended ended = weir({"run", "count", "--workers", "3"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("workers was tuned to 2"), std::string::npos) << ended.err;
  expect_once();
}

TEST_P(Workers, SayOnceThatARunWaitsForAnUndoAndEnd) {
  make_project(500);
  data("1_count", "-- over: t\n-- batch: 500\n-- keep: n\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  EXPECT_EQ(weir({"run", "count"}).exit_code, 0);
  exec("UPDATE weir_before_images SET state = 'undoing'");
  const Ended queued = weir({"run", "count", "--detach", "--json"});
  EXPECT_EQ(json::parse(queued.out, nullptr, false)["error"]["code"], "illegal-transition") << queued.out;
  // As one that was queued before the undo began.
  exec("UPDATE weir_runs SET state = 'queued', finished_at_ms = NULL");
  const Ended worker = weir({"worker", "--once"});
  EXPECT_EQ(worker.exit_code, 1);
  EXPECT_NE(worker.err.find("is being undone"), std::string::npos) << worker.err;
  EXPECT_EQ(run_state("count"), "queued");
}

TEST_P(Workers, KeepTheParametersOfAQueuedRun) {
  make_project(500);
  data("1_count",
       "-- over: t\n-- batch: 500\n-- param: step integer 7\n-- migrate:batch\nUPDATE t SET n = n + :step "
       "WHERE :batch\n");
  EXPECT_EQ(weir({"run", "count", "--detach", "--param", "step=1"}).exit_code, 0);
  EXPECT_EQ(weir({"worker", "--once"}).exit_code, 0);
  expect_once();
  EXPECT_EQ(number("SELECT count(*) FROM weir_runs"), 1);
}

// The run that was begun anew is another one.
TEST_P(Workers, Invariant2AWorkerOfACancelledRunClaimsNothingMore) {
  const auto child = start_slow_run();
  exec("UPDATE weir_runs SET state = 'cancelled'; UPDATE weir_slices SET lease_token = NULL");
  EXPECT_EQ(child->wait().exit_code, 6);
  EXPECT_EQ(number("SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL"), 0);
}

// The ledger holds the text of the migration.
TEST_P(Workers, NeedNoFiles) {
  make_project(100);
  EXPECT_EQ(weir({"run", "count", "--detach"}).exit_code, 0);
  std::filesystem::remove(project().path() / "db/data/1_count.sql");
  const Ended worker = weir({"worker", "--once"});
  EXPECT_EQ(worker.exit_code, 0) << worker.err;
  expect_once();
}

TEST_P(Workers, AFailureOfOneStopsAllAndSaysWhy) {
  make_project(20);
  exec("UPDATE t SET n = 5 WHERE id = 15000");
  exec("CREATE TABLE u (n bigint PRIMARY KEY)");
  exec("INSERT INTO u VALUES (5)");
  data("2_copy", "-- over: t\n-- batch: 20\n-- migrate:batch\nINSERT INTO u SELECT n FROM t WHERE :batch AND n = 5\n");
  const Ended ended = weir({"run", "copy", "--workers", "3"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out;
  EXPECT_EQ(run_state("copy"), "failed");
  EXPECT_EQ(number("SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL"), 0);
  exec("DELETE FROM u");
  EXPECT_EQ(weir({"run", "copy", "--workers", "3"}).exit_code, 0);
  EXPECT_EQ(query("SELECT n FROM u"), "5");
}

TEST_P(Workers, CtrlCEndsTheWaitingOfPauseAndNotItsRequest) {
  if (is_sqlite()) return;  // who is stopped there may hold the only write lock
  make_project(10);
  const auto run = start_weir({"run", "count"});
  await_rows(200);
  run->send(SIGSTOP);
  const auto pause = start_weir({"pause", "count"});
  while (query("SELECT state FROM weir_runs") != "pausing") {
  }
  pause->send(SIGINT);
  EXPECT_EQ(pause->wait().exit_code, 6);
  run->send(SIGCONT);
  EXPECT_EQ(run->wait().exit_code, 6);
  EXPECT_EQ(query("SELECT state FROM weir_runs"), "paused");
}

TEST_P(Workers, CommandsSayWhatTheyCannotDo) {
  make_project(100);
  const auto code = [this](const std::vector<std::string>& words) {
    const Ended ended = weir(words);
    return json::parse(ended.out, nullptr, false).value("error", json::object()).value("code", "");
  };
  EXPECT_EQ(code({"pause", "count", "--json"}), "not-found");
  EXPECT_EQ(weir({"run", "count"}).exit_code, 0);
  EXPECT_EQ(code({"pause", "count", "--json"}), "illegal-transition");
  EXPECT_EQ(code({"tune", "count", "batch=5", "--json"}), "illegal-transition");
  EXPECT_EQ(code({"tune", "count", "batsch=5", "--json"}), "usage");
  EXPECT_EQ(code({"tune", "count", "batch=0", "--json"}), "usage");
  EXPECT_EQ(code({"tune", "count", "--json"}), "usage");
}

}  // namespace
}  // namespace weir
