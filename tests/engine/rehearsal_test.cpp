// `weir run --dry-run`: what would be changed is shown, and nothing is.
#include "backfill/rehearsal.hpp"

#include <nlohmann/json.hpp>

#include "support/database_test.hpp"

namespace weir {
namespace {

using nlohmann::json;
using test::DatabaseTest;
using test::Ended;
using test::thrown_by;

constexpr const char* kFill =
    "-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- migrate:batch\nUPDATE t SET a = 'xyz', n = n + 1 WHERE :batch\n";

// A second goes by between two looks at it.
class SlowClock final : public Clock {
 public:
  std::chrono::steady_clock::time_point now() const override { return now_ += std::chrono::seconds(1); }
  EpochMs wall() const override { return 0; }
  void sleep(Milliseconds duration) override { now_ += duration; }

 private:
  mutable std::chrono::steady_clock::time_point now_{};
};

class Rehearsal : public DatabaseTest {
 protected:
  void ledger() { ledger::Ledger::open_or_create(database(), connection()); }
  // All rows of t and what the ledger holds.
  std::string everything() {
    std::string text = query("SELECT * FROM t ORDER BY id") + "\n";
    for (const char* table : {"weir_migrations", "weir_runs", "weir_slices", "weir_events"})
      text += query(std::string("SELECT count(*) FROM ") + table) + " ";
    return text;
  }
  // Checks that nothing was changed on the way.
  json dry_run(std::vector<std::string> more = {}, const std::string& name = "fill") {
    const std::string before = everything();
    std::vector<std::string> arguments = {"run", name, "--dry-run", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = weir(arguments);
    EXPECT_EQ(everything(), before);
    const json document = json::parse(ended.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << ended.out << ended.err;
    if (ended.exit_code != 0) return document;
    return document.value("dry_run", json::object());
  }
};
WEIR_ON_EVERY_ENGINE(Rehearsal);

TEST_P(Rehearsal, ShowsTheChangedColumnsOfSomeRowsAndChangesNothing) {
  make_rows(30);
  ledger();
  data("1_fill", kFill);
  json said = dry_run();
  ASSERT_EQ(said["batches"].size(), 1U) << said;
  EXPECT_EQ(said["table"], "t");
  EXPECT_EQ(said["key"], json::array({"id"}));
  json& batch = said["batches"][0];
  EXPECT_EQ(batch["rows_matching"], 10);
  EXPECT_EQ(batch["rows_changed"], 10);
  EXPECT_EQ(batch["rows_left"], 0);
  EXPECT_GE(batch["elapsed_ms"].get<double>(), 0);
  ASSERT_EQ(batch["sample"].size(), 5U);
  json& row = batch["sample"][0];
  EXPECT_EQ(row["key"], json::array({1}));
  EXPECT_EQ(row["fate"], "changed");
  const json expected = {{{"column", "n"}, {"before", 0}, {"after", 1}},
                         {{"column", "a"}, {"before", nullptr}, {"after", "xyz"}}};
  EXPECT_EQ(row["changes"], expected) << "id is not among them";
  EXPECT_EQ(run_state("fill"), "");
}

TEST_P(Rehearsal, ShowsATableAndSaysThatItWasRolledBack) {
  make_rows(30);
  ledger();
  data("1_fill", kFill);
  const Ended ended = weir({"run", "fill", "--dry-run", "--batches", "2"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("batch 1: 10 of 10 rows changed in "), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("batch 2: 10 of 10 rows changed in "), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("  id  column  before  after\n  1   n       0       1\n      a       NULL    xyz\n"),
            std::string::npos)
      << ended.out;
  EXPECT_NE(ended.out.find("rolled back: no row was changed"), std::string::npos) << ended.out;
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
}

TEST_P(Rehearsal, MasksEveryValueByTypeAndLength) {
  make_rows(30);
  exec("UPDATE t SET a = 'hunter2' WHERE id = 2");
  ledger();
  data("1_fill", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET a = 'secret', n = n + 1 WHERE :batch\n");
  json said = dry_run({"--masked"});
  EXPECT_TRUE(said["masked"].get<bool>());
  json& sample = said["batches"][0]["sample"];
  EXPECT_EQ(sample[0]["key"], json::array({"number"}));
  const json number = {{"column", "n"}, {"before", "number"}, {"after", "number"}};
  EXPECT_EQ(sample[0]["changes"], json::array({number, {{"column", "a"}, {"before", nullptr}, {"after", "text(6)"}}}));
  EXPECT_EQ(sample[1]["changes"],
            json::array({number, {{"column", "a"}, {"before", "text(7)"}, {"after", "text(6)"}}}));
  EXPECT_EQ(said.dump().find("hunter2"), std::string::npos);
  EXPECT_TRUE(said["batches"][0]["rows_left"].is_null()) << "without `where` there is nothing to count";
}

TEST_P(Rehearsal, PassesOverBatchesInWhichNothingMatches) {
  make_rows(60);
  exec("UPDATE t SET a = 'done' WHERE id <= 40");
  ledger();
  data("1_fill", kFill);
  json said = dry_run({"--batches", "9"});
  EXPECT_EQ(said["batches_skipped"], 4);
  ASSERT_EQ(said["batches"].size(), 2U) << "the table ends";
  EXPECT_EQ(said["batches"][0]["sample"][0]["key"], json::array({41}));
}

TEST_P(Rehearsal, SaysWhichRowsAreGoneAndWhichStayAsTheyAre) {
  make_rows(10);
  ledger();
  data("1_drop", "-- over: t\n-- batch: 10\n-- migrate:batch\nDELETE FROM t WHERE (:batch) AND id <> 2\n");
  json sample = dry_run({}, "drop")["batches"][0]["sample"];
  EXPECT_EQ(sample[0]["fate"], "gone");
  EXPECT_EQ(sample[1]["fate"], "unchanged");
}

TEST_P(Rehearsal, ExecutesAllStatementsWithTheirParameters) {
  make_rows(10);
  ledger();
  data("1_fill",
       "-- over: t\n-- param: word text\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch;\n"
       "UPDATE t SET a = :word WHERE :batch\n");
  const json changes = dry_run({"--param", "word=given"})["batches"][0]["sample"][0]["changes"];
  EXPECT_EQ(changes[0]["after"], 1);
  EXPECT_EQ(changes[1]["after"], "given");
}

TEST_P(Rehearsal, FindsTheSampleAgainByAnyKey) {
  exec("CREATE TABLE t (id " + key_text() + " NOT NULL, d decimal(20,4) NOT NULL, n bigint, PRIMARY KEY (id, d))");
  exec("INSERT INTO t VALUES ('a', 1.5, 0), ('a', 2.25, 0), ('it''s', 3, 0)");
  ledger();
  data("1_fill", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = 7 WHERE :batch\n");
  json sample = dry_run()["batches"][0]["sample"];
  ASSERT_EQ(sample.size(), 3U);
  for (const auto& row : sample) EXPECT_EQ(row["changes"][0]["after"], 7) << row;
  EXPECT_EQ(sample[2]["key"][0], "it's");
}

TEST_P(Rehearsal, BeginsWhereTheUnfinishedRunStands) {
  make_rows(40);
  data("1_count", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  observer().after_batch = [this](int) { stop().request(); };
  run("count");
  json said = dry_run({}, "count");
  EXPECT_TRUE(said["behind_cursor"].get<bool>());
  EXPECT_EQ(said["batches"][0]["sample"][0]["key"], json::array({11}));
  EXPECT_EQ(run_state("count"), "paused");
}

TEST_P(Rehearsal, BeginsAnewWhenTheRunWalksAnotherKey) {
  make_rows(40);
  exec("CREATE UNIQUE INDEX t_two ON t (n, id)");
  const std::string change = "-- batch: 10\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch\n";
  data("1_fill", "-- over: t\n" + change);
  observer().after_batch = [this](int) { stop().request(); };
  run("fill");
  data("1_fill", "-- over: t\n-- key: n, id\n" + change);
  json said = dry_run();
  EXPECT_FALSE(said["behind_cursor"].get<bool>());
  EXPECT_EQ(said["key"], json::array({"n", "id"}));
  EXPECT_EQ(said["batches"][0]["sample"][0]["key"], json::array({0, 1}));
}

TEST_P(Rehearsal, BeginsAnewWhenTheRunWalksAnotherTable) {
  make_rows(40);
  exec("CREATE TABLE u (id bigint PRIMARY KEY, a varchar(10))");
  exec("INSERT INTO u SELECT id, a FROM t");
  data("1_fill", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch\n");
  observer().after_batch = [this](int) { stop().request(); };
  run("fill");
  data("1_fill", "-- over: u\n-- batch: 10\n-- migrate:batch\nUPDATE u SET a = 'x' WHERE :batch\n");
  json said = dry_run();
  EXPECT_FALSE(said["behind_cursor"].get<bool>());
  EXPECT_EQ(said["batches"][0]["sample"][0]["key"], json::array({1}));
}

TEST_P(Rehearsal, WarnsOfAChangeThatDoesNotMakeWhereFalse) {
  make_rows(10);
  ledger();
  data("1_fill", "-- over: t\n-- where: a IS NULL\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  EXPECT_TRUE(dry_run()["does_not_shrink"].get<bool>());
}

TEST_P(Rehearsal, ShowsAnErrorAtItsPlaceAndChangesNothing) {
  make_rows(10);
  ledger();
  data("1_fill",
       "-- over: t\n-- batch: 5\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch;\n\n"
       "UPDATE t SET n = NULL WHERE :batch\n");
  json said = dry_run();
  EXPECT_EQ(said["error"]["code"], "constraint") << said;
  EXPECT_EQ(said["error"]["line"], 6) << said;
}

TEST_P(Rehearsal, Invariant11RefusesWhatWouldEndItsTransaction) {
  make_rows(10);
  ledger();
  const std::string statement = is_mysql() ? "CREATE TABLE other (id int)" : "COMMIT";
  data("1_fill", "-- over: t\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch;\n" + statement + "\n");
  EXPECT_TRUE(dry_run().contains("error"));
  EXPECT_FALSE(has_table("other"));
}

TEST_P(Rehearsal, WaitsAtTheGateAsARunDoes) {
  make_rows(10);
  ledger();
  schema("1_expand", "-- migrate:up\nCREATE TABLE other (id int)\n");
  data("2_fill", std::string("-- requires: expand\n") + kFill);
  EXPECT_EQ(dry_run()["error"]["code"], "gate-closed");
}

// The rows of all its batches are locked to the end.
TEST_P(Rehearsal, EndsWhenItsTimeIsUp) {
  make_rows(100);
  ledger();
  data("1_fill", kFill);
  const auto all = timeline();
  const project::Migration& migration = all.find("fill");
  auto book = *ledger::Ledger::open(database(), connection());
  const auto worker = connect();
  const auto program = backfill::prepare_program(database(), *worker, migration, {});
  SlowClock slow;
  backfill::RehearsalPlan plan;
  plan.batches = 100;
  const auto said = backfill::rehearse(database(), *worker, book, slow, stop(), program, plan);
  EXPECT_TRUE(said.time_is_up);
  EXPECT_GE(said.batches.size(), 1U);
  EXPECT_LT(said.batches.size(), 10U);
  stop().request();
  EXPECT_EQ(thrown_by([&] { backfill::rehearse(database(), *worker, book, clock(), stop(), program, plan); }).code(),
            Code::kInterrupted);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
}

TEST_P(Rehearsal, NeedsALedgerAndMakesNone) {
  make_rows(10);
  data("1_fill", kFill);
  const Ended ended = weir({"run", "fill", "--dry-run"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_NE(ended.err.find("`weir run` without them"), std::string::npos) << ended.err;
  EXPECT_FALSE(has_table("weir_runs"));
}

}  // namespace
}  // namespace weir
