// `weir run --explain`, and the refusal of batches that each read the whole table.
#include "backfill/explanation.hpp"

#include <nlohmann/json.hpp>

#include "ledger/ledger.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using nlohmann::json;
using test::DatabaseTest;
using test::Ended;

constexpr const char* kFill =
    "-- over: t\n-- where: a IS NULL\n-- batch: 1000\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch\n";
// Whatever the range is.
constexpr const char* kScan =
    "-- over: t\n-- where: a IS NULL\n-- batch: 1000\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch OR n >= 0\n";

class Explanation : public DatabaseTest {
 protected:
  void ledger() { ledger::Ledger::open_or_create(database(), connection()); }
  void analyze(const std::string& table) { exec(is_mysql() ? "ANALYZE TABLE " + table : "ANALYZE " + table); }
  json explain(std::vector<std::string> more = {}, const std::string& name = "fill") {
    std::vector<std::string> arguments = {"run", name, "--explain", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = weir(arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    const json document = json::parse(ended.out, nullptr, false);
    return document.is_object() ? document.value("explain", json::object()) : json::object();
  }
  backfill::RunOutcome run_allowed(const std::string& name) {
    const auto all = timeline();
    backfill::RunRequest request{all.find(name), {}, false, {}, {}, "test"};
    request.on_scan = backfill::OnScan::kAllow;
    return backfill::Runner(database(), clock(), stop(), observer()).run(request);
  }
  void expect_refused(const std::string& statement) {
    data("2_scan", "-- over: t\n-- batch: 1000\n-- migrate:batch\n" + statement + "\n");
    const Error error = failed_run("scan");
    EXPECT_EQ(error.code(), Code::kScansTable) << statement << ": " << error.message();
    EXPECT_EQ(run_state("scan"), "failed");
  }
};
WEIR_ON_EVERY_ENGINE(Explanation);

TEST_P(Explanation, NamesKeyBatchesSlicesPlanAndDuration) {
  make_rows(20'000);
  ledger();
  analyze("t");
  data("1_fill", kFill);
  json said = explain({"--workers", "2"});
  EXPECT_EQ(said["key"], json::array({"id"}));
  EXPECT_EQ(said["key_reason"], "primary-key");
  EXPECT_EQ(said["order"], "key");
  EXPECT_EQ(said["rows_to_change"], 20'000);
  EXPECT_NEAR(said["batches"].get<double>(), 20, 2);
  EXPECT_EQ(said["slices"].size(), is_sqlite() ? 1U : 8U) << said["slices"];
  EXPECT_EQ(said["verdict"], "reads-by-index") << said["plans"];
  EXPECT_FALSE(said["refused"].get<bool>());
  EXPECT_FALSE(said["plans"][0]["lines"].empty());
  EXPECT_EQ(said["measured"]["batches"], 3);
  EXPECT_EQ(said["measured"]["rows"], 3000);
  EXPECT_LE(said["forecast"]["least_ms"], said["forecast"]["most_ms"]);
  EXPECT_EQ(said["forecast"]["log_bytes"].is_null(), !is_postgres());
  if (is_postgres()) {
    EXPECT_GT(said["forecast"]["log_bytes"], 100'000);
  }
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a IS NULL"), 20'000);
  EXPECT_EQ(run_state("fill"), "");
}

TEST_P(Explanation, SaysItInWords) {
  make_rows(20'000);
  ledger();
  data("1_fill", kFill);
  const Ended ended = weir({"run", "fill", "--explain"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const char* part : {"(id): the primary key", "order     by key", "of 1 000 rows", "1 for 1 worker",
                           "a batch reads its rows by an index", "from the middle of the table"})
    EXPECT_NE(ended.out.find(part), std::string::npos) << part << "\n" << ended.out;
}

TEST_P(Explanation, ExplainsAnEmptyAndASmallTable) {
  make_rows(0);
  ledger();
  data("1_fill", kFill);
  EXPECT_EQ(explain()["verdict"], "empty-table");
  exec("INSERT INTO t VALUES (1, 0, NULL), (2, 0, NULL)");
  json said = explain();
  EXPECT_FALSE(said["refused"].get<bool>());
  EXPECT_EQ(said["measured"]["rows"], 2);
}

TEST_P(Explanation, NamesTheReasonForAnotherKey) {
  exec("CREATE TABLE t (id bigint NOT NULL UNIQUE, b bigint NOT NULL UNIQUE, a int)");
  ledger();
  data("1_fill", "-- over: t\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch\n");
  EXPECT_EQ(explain()["key_reason"], "unique-key");
  data("1_fill", "-- over: t\n-- key: b\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch\n");
  EXPECT_EQ(explain()["key_reason"], "named");
}

TEST_P(Explanation, ABatchThatWouldReadTheTableIsRefusedBeforeAnythingIsChanged) {
  make_rows(20'000);
  data("1_scan", kScan);
  const Error error = failed_run("scan");
  EXPECT_EQ(error.code(), Code::kScansTable) << error.message();
  EXPECT_EQ(error.place()->line, 5);
  EXPECT_NE(error.hint().find("--allow-scan"), std::string::npos);
  EXPECT_NE(error.hint().find("Its plan:\n  "), std::string::npos) << error.hint();
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a IS NULL"), 20'000);
  EXPECT_EQ(run_state("scan"), "failed");
  json said = explain({}, "scan");
  EXPECT_TRUE(said["refused"].get<bool>());
  EXPECT_EQ(said["verdict"], "scans-table");
  EXPECT_TRUE(said["measured"].is_null());
  EXPECT_FALSE(said["not_measured"].is_null());
}

// The one who began it has decided, although it holds no slice yet.
TEST_P(Explanation, WhoJoinsARunDoesNotFailIt) {
  make_rows(20'000);
  data("1_scan", kScan);
  ASSERT_EQ(failed_run("scan").code(), Code::kScansTable);
  exec("UPDATE weir_runs SET state = 'running'");
  EXPECT_EQ(run("scan").state, ledger::RunState::kSucceeded);
  EXPECT_EQ(number("SELECT count(*) FROM weir_events WHERE kind = 'run-failed'"), 1);
}

TEST_P(Explanation, EveryFormOfAScanIsRefused) {
  make_rows(20'000);
  analyze("t");
  expect_refused("UPDATE t SET a = 'x' WHERE :batch OR 1 = 1");
  expect_refused("UPDATE t AS x SET a = 'x' WHERE :batch OR x.n >= 0");
  expect_refused("UPDATE t SET a = 'x' WHERE n >= 0 AND (:batch OR a IS NULL)");
  if (!is_mysql()) expect_refused("UPDATE t SET n = (SELECT sum(s.n) FROM t s) WHERE :batch");
  exec("CREATE TABLE other (id bigint, n bigint)");
  expect_refused("UPDATE t SET a = 'x' WHERE :batch;\nINSERT INTO other SELECT t.id, t.n FROM t WHERE t.n = 1");
}

TEST_P(Explanation, TheOperatorMayAllowTheScan) {
  make_rows(20'000);
  data("1_scan", kScan);
  EXPECT_EQ(weir({"run", "scan"}).exit_code, 1);
  EXPECT_EQ(weir({"run", "scan", "--allow-scan"}).exit_code, 0);
  EXPECT_EQ(run_state("scan"), "succeeded");
}

TEST_P(Explanation, WhoGoesOnWithARunThatWasAllowedIsNotAskedAgain) {
  make_rows(20'000);
  data("1_scan", "-- over: t\n-- batch: 1000\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch OR n < 0\n");
  observer().after_batch = [this](int batch) {
    if (batch == 2) stop().request();
  };
  run_allowed("scan");
  forget_stop();
  EXPECT_EQ(run("scan").state, ledger::RunState::kSucceeded);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

TEST_P(Explanation, ASmallTableMayBeReadAgainAndAgain) {
  make_rows(500);
  data("1_scan", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch OR n < 0\n");
  EXPECT_EQ(run("scan").state, ledger::RunState::kSucceeded);
}

TEST_P(Explanation, Invariant12NoParameterStandsInTheRefusal) {
  make_rows(20'000);
  data("1_scan",
       "-- over: t\n-- param: word text\n-- batch: 1000\n-- migrate:batch\n"
       "UPDATE t SET a = :word WHERE :batch OR a = :word\n");
  const Error error = failed_run("scan", {{"word", "hunter2"}});
  EXPECT_EQ(error.code(), Code::kScansTable);
  EXPECT_EQ(test::everything_said(error).find("hunter2"), std::string::npos) << test::everything_said(error);
}

// The statements people write are not refused, with statistics and without.
TEST_P(Explanation, WhatReadsItsRowsByTheKeyIsNotRefused) {
  exec("CREATE TABLE t (id " + key_text() +
       " NOT NULL, b bigint NOT NULL, code bigint NOT NULL UNIQUE, n bigint, PRIMARY KEY (id, b))");
  exec(std::string("INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 20000) ") +
       (is_mysql() ? "SELECT concat('k', i % 500), i, (i * 7919) % 20011, 0 FROM s"
                   : "SELECT 'k' || (i % 500), i, (i * 7919) % 20011, 0 FROM s"));
  exec("CREATE TABLE small (b bigint PRIMARY KEY, v bigint); INSERT INTO small VALUES (1, 2), (2, 3)");
  for (const std::string key : {"", "-- key: code\n"}) {
    for (const bool with_statistics : {false, true}) {
      if (with_statistics) analyze("t");
      for (const std::string statement :
           {"UPDATE t SET n = n + 1 WHERE :batch", "UPDATE t SET n = n + 1 WHERE :batch AND n < 1000",
            "UPDATE t SET n = (SELECT s.v FROM small s WHERE s.b = t.b) WHERE :batch",
            "DELETE FROM t WHERE :batch AND n = -1"}) {
        data("1_go", "-- over: t\n" + key + "-- batch: 500\n-- migrate:batch\n" + statement + "\n");
        EXPECT_EQ(run("go", {}, backfill::Start::kRestart).state, ledger::RunState::kSucceeded) << key << statement;
      }
    }
  }
}

class PostgresExplanation : public Explanation {};
WEIR_ON_POSTGRES(PostgresExplanation);

TEST_P(PostgresExplanation, SmallPartitionsMayBeReadAsAWhole) {
  exec("CREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL, a text) PARTITION BY RANGE (id)");
  exec("CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100000)");
  exec("CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (100000) TO (200000)");
  exec("INSERT INTO t SELECT i, 0 FROM generate_series(1, 30000) i");
  exec("INSERT INTO t SELECT i, 0 FROM generate_series(100000, 100010) i");
  analyze("t");
  data("1_fill", kFill);
  EXPECT_EQ(run("fill").state, ledger::RunState::kSucceeded);
  expect_refused("UPDATE t SET a = 'y' WHERE :batch OR n >= 0");
}

}  // namespace
}  // namespace weir
