// `order: heap`: by place instead of by key.
#include <csignal>
#include <nlohmann/json.hpp>

#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::Ended;

class Heap : public DatabaseTest {
 protected:
  void make_project(std::int64_t rows, const std::string& more = "") {
    exec("CREATE TABLE u (name text, n bigint NOT NULL)");
    exec("INSERT INTO u SELECT repeat('x', i % 50), 0 FROM generate_series(1, " + std::to_string(rows) +
         ") i; ANALYZE u");
    data("1_grow", "-- over: u\n-- where: n = 0\n-- order: heap\n-- batch: 300\n" + more +
                       "-- migrate:batch\nUPDATE u SET n = n + 1, name = name || 'longer than before' WHERE :batch\n");
  }
  void expect_once(std::int64_t rows) {
    EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM u"), "1|1|" + std::to_string(rows));
  }
};
WEIR_ON_POSTGRES(Heap);

TEST_P(Heap, ChangesEachRowOfATableWithoutAKeyOnce) {
  make_project(20'000);
  const auto outcome = run("grow");
  EXPECT_EQ(outcome.rows_done, 20'000);
  EXPECT_EQ(outcome.passes, 1);
  expect_once(20'000);
  EXPECT_GT(observer().batches, 50);
}

TEST_P(Heap, IsSharedByWorkersAndSurvivesDeath) {
  make_project(40'000);
  EXPECT_EQ(weir({"run", "grow", "--detach"}).exit_code, 0);
  EXPECT_EQ(weir({"tune", "grow", "max_rate=20000"}).exit_code, 0);
  const auto first = start_weir({"run", "grow", "--workers", "2"});
  while (number("SELECT count(*) FROM u WHERE n > 0") < 2000) {
  }
  first->send(SIGKILL);
  first->wait();
  EXPECT_EQ(weir({"tune", "grow", "max_rate=none"}).exit_code, 0);
  const Ended ended = weir({"run", "grow", "--workers", "4"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  expect_once(40'000);
  EXPECT_GT(number("SELECT count(*) FROM weir_slices"), 4);
}

TEST_P(Heap, SweepsUpRowsThatMovedBehindTheCursor) {
  make_project(5'000);
  observer().after_batch = [this](int batch) {
    // New versions go where there is room; what was deleted and vacuumed in front makes room behind the cursor.
    if (batch == 3) exec("DELETE FROM u WHERE n = 1; VACUUM u; UPDATE u SET name = name || '!' WHERE n = 0");
  };
  EXPECT_EQ(run("grow").residual, 0);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM u"), "1|1");
}

TEST_P(Heap, FindsTheRowThatFails) {
  make_project(2'000);
  exec("ALTER TABLE u ADD CONSTRAINT known CHECK (name <> 'odd' || 'longer than before')");
  exec("UPDATE u SET name = 'odd' WHERE ctid = (SELECT min(ctid) FROM u WHERE ctid > '(5,0)')");
  const Error error = failed_run("grow");
  EXPECT_EQ(error.code(), Code::kConstraint);
  EXPECT_NE(error.message().find("row [\"("), std::string::npos) << error.message();
  exec("UPDATE u SET name = 'even' WHERE name = 'odd'");
  run("grow");
  expect_once(2'000);
}

TEST_P(Heap, IsExplainedByPages) {
  make_project(40'000);
  EXPECT_EQ(weir({"run", "grow", "--detach"}).exit_code, 0);
  const Ended ended = weir({"run", "grow", "--explain", "--workers", "2", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err << ended.out;
  const auto said = nlohmann::json::parse(ended.out)["explain"];
  EXPECT_EQ(said["key"], nlohmann::json({"ctid"}));
  EXPECT_EQ(said["order"], "heap");
  EXPECT_EQ(said["verdict"], "reads-by-place");
  EXPECT_EQ(said["slices"].size(), 8);
  EXPECT_NE(said["plans"][0]["lines"].dump().find("Tid Range Scan"), std::string::npos) << said["plans"];
  EXPECT_EQ(said["measured"]["batches"], 3);
  EXPECT_GT(said["batches"], 50);
  EXPECT_LT(said["batches"], 400);
  EXPECT_EQ(number("SELECT count(*) FROM u WHERE n = 0"), 40'000);
}

TEST_P(Heap, ADryRunFollowsTheRowsToWhereTheyMove) {
  make_project(2'000);
  EXPECT_EQ(weir({"run", "grow", "--detach"}).exit_code, 0);
  const Ended ended = weir({"run", "grow", "--dry-run", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err << ended.out;
  const auto batch = nlohmann::json::parse(ended.out)["dry_run"]["batches"].at(0);
  EXPECT_GT(batch["rows_changed"], 100);
  EXPECT_EQ(batch["rows_left"], 0);
  const auto& row = batch["sample"].at(0);
  EXPECT_EQ(row["key"], nlohmann::json({"(0,1)"}));
  EXPECT_EQ(row["fate"], "changed");
  EXPECT_EQ(row["changes"].at(1)["column"], "n");
  EXPECT_EQ(row["changes"].at(1)["after"], 1);
  EXPECT_EQ(number("SELECT count(*) FROM u WHERE n = 0"), 2'000);
}

TEST_P(Heap, ABatchThatReadsTheWholeTableIsRefused) {
  make_project(40'000);
  data("1_grow",
       "-- over: u\n-- where: n = 0\n-- order: heap\n-- batch: 300\n-- migrate:batch\nUPDATE u SET n = 1 WHERE "
       ":batch AND name <> (SELECT max(name) || 'x' FROM u)\n");
  EXPECT_EQ(failed_run("grow").code(), Code::kScansTable);
}

TEST_P(Heap, AnEmptyTableIsComplete) {
  make_project(0);
  EXPECT_EQ(run("grow").rows_done, 0);
  EXPECT_EQ(run_state("grow"), "succeeded");
}

TEST_P(Heap, WhatCannotBeExactlyOnceIsRefusedAtItsPlace) {
  make_rows(10);
  const auto place_of = [this](const std::string& header, const std::string& words) {
    data("1_x", "-- over: t\n-- order: heap\n" + header + "-- migrate:batch\nUPDATE t SET n = 1 WHERE " + words + "\n");
    const Error error = failed_run("x");
    EXPECT_EQ(error.code(), Code::kInvalidFile) << error.message();
    return error.place()->line;
  };
  EXPECT_EQ(place_of("", ":batch"), 2);
  EXPECT_EQ(place_of("-- where: n = 0\n-- key: id\n", ":batch"), 2);
  EXPECT_EQ(place_of("-- where: n = 0\n-- on_error: quarantine\n", ":batch"), 2);
  EXPECT_EQ(place_of("-- where: n = 0\n", ":range"), 5);
}

class NoHeap : public DatabaseTest {};
WEIR_ON_EVERY_ENGINE(NoHeap);

TEST_P(NoHeap, IsRefusedWhereTheEngineHasNone) {
  if (is_postgres()) return;
  make_rows(10);
  data("1_x", "-- over: t\n-- where: n = 0\n-- order: heap\n-- migrate:batch\nUPDATE t SET n = 1 WHERE :batch\n");
  const Error error = failed_run("x");
  EXPECT_EQ(error.code(), Code::kNotAvailable);
  EXPECT_EQ(error.place()->line, 3);
}

}  // namespace
}  // namespace weir
