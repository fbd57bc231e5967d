// What a deploy does with each migration. Pure: facts are told, nothing is looked up.
#include "migrate/decide.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>

#include "migrate/tables.hpp"
#include "support/dialects.hpp"

namespace weir::migrate {
namespace {

using ledger::Entry;
using ledger::Run;
using ledger::RunState;
using project::Kind;
using project::Migration;
using project::Timeline;

Migration schema(const std::string& file, const std::string& up, const std::string& header = "") {
  return project::parse_migration(Kind::kSchema, file + ".sql", file, header + "-- migrate:up\n" + up,
                                  test::postgres());
}
Migration data(const std::string& file, const std::string& table, const std::string& header = "") {
  return project::parse_migration(Kind::kData, file + ".sql", file,
                                  header + "-- over: " + table + "\n-- where: a IS NULL\n-- migrate:batch\nUPDATE " +
                                      table + " SET a = 1 WHERE :batch\n",
                                  test::postgres());
}

Entry applied(const std::string& version, Kind kind = Kind::kSchema) {
  Entry entry;
  entry.version = project::Version(version);
  entry.kind = kind;
  return entry;
}

Run run_in(const std::string& version, RunState state) {
  Run run;
  run.id = {project::Version(version), 1};
  run.state = state;
  return run;
}

class ToldFacts final : public Facts {
 public:
  bool is_small(const Migration& migration) override { return !large.contains(migration.name); }
  Completeness completeness(const Migration& migration) override {
    ++measured;
    return complete[migration.name];
  }
  std::set<std::string> large;
  std::map<std::string, Completeness> complete;
  int measured = 0;
};

class DeciderTest : public ::testing::Test {
 protected:
  // "name:action" of every step, as `weir migrate` would go through them.
  std::string decide(const Timeline& timeline) {
    Decider decider(timeline, {history_, runs_}, test::postgres(), facts_);
    std::string steps;
    while (const auto step = decider.next()) {
      const bool completes =
          step->action == Action::kApply || step->action == Action::kContinue || step->action == Action::kRunInline;
      if (completes) decider.mark_done();
      steps += (steps.empty() ? "" : " ") + step->migration->name + ":" + name(step->action);
      if (step->late) steps += "(late)";
      blockers_[step->migration->name] = step->blockers;
    }
    return steps;
  }

  static std::string name(Action action) {
    switch (action) {
      case Action::kNothing: return "nothing";
      case Action::kApply: return "apply";
      case Action::kContinue: return "continue";
      case Action::kRunInline: return "inline";
      case Action::kEnqueue: return "enqueue";
      case Action::kAlreadyQueued: return "queued";
      case Action::kNeedsParameters: return "parameters";
      case Action::kWait: return "wait";
    }
    return "";
  }

  std::vector<Entry> history_;
  std::vector<ledger::Run> runs_;
  ToldFacts facts_;
  std::map<std::string, std::vector<Blocker>> blockers_;
};

Timeline three_steps() {
  return Timeline({schema("1_expand", "ALTER TABLE t ADD a int"), data("2_fill", "t", "-- requires: expand\n"),
                   schema("3_contract", "ALTER TABLE t ALTER a SET NOT NULL", "-- requires: fill\n")});
}

TEST_F(DeciderTest, DoesEverythingInOrderOnASmallDatabase) {
  EXPECT_EQ(decide(three_steps()), "expand:apply fill:inline contract:apply");
}

TEST_F(DeciderTest, QueuesALargeTableAndLeavesItsContractWaiting) {
  facts_.large = {"fill"};
  EXPECT_EQ(decide(three_steps()), "expand:apply fill:enqueue contract:wait");
  ASSERT_EQ(blockers_["contract"].size(), 1U);
  EXPECT_TRUE(blockers_["contract"][0].is_gate);
  EXPECT_EQ(blockers_["contract"][0].migration->name, "fill");
}

TEST_F(DeciderTest, AppliesTheContractWhenTheDataAreReady) {
  history_ = {applied("1"), applied("2", Kind::kData)};
  EXPECT_EQ(decide(three_steps()), "expand:nothing fill:nothing contract:apply");
  EXPECT_EQ(facts_.measured, 1) << "the ledger alone opens no gate";
}

// Invariant 3 and 4: the proof is the residual measured now, not what the ledger says.
TEST_F(DeciderTest, Invariant4AGateClosesWhenTheResidualGrowsAgain) {
  history_ = {applied("1"), applied("2", Kind::kData)};
  facts_.complete["fill"] = {27, 0};
  EXPECT_EQ(decide(three_steps()), "expand:nothing fill:nothing contract:wait");
  EXPECT_NE(blockers_["contract"][0].reason.find("27 rows"), std::string::npos);
  facts_.complete["fill"] = {0, 3};
  EXPECT_EQ(decide(three_steps()), "expand:nothing fill:nothing contract:wait");
  EXPECT_NE(blockers_["contract"][0].reason.find("3 violations"), std::string::npos);
}

// Invariant 4: what waits holds back only what depends on it.
TEST_F(DeciderTest, Invariant4WhatWaitsHoldsBackOnlyWhatNamesItOrTouchesItsTables) {
  facts_.large = {"fill"};
  const Timeline timeline({schema("1_expand", "ALTER TABLE t ADD a int"), data("2_fill", "t"),
                           schema("3_contract", "ALTER TABLE t DROP b", "-- requires: fill\n"),
                           schema("4_other", "CREATE TABLE u (id int)"),
                           schema("5_same", "ALTER TABLE app.T ADD c int"), schema("6_unknown", "DO $$ BEGIN END $$"),
                           schema("7_follows", "CREATE TABLE v (id int)", "-- requires: contract\n"),
                           data("8_data", "t"), schema("9_points", "CREATE TABLE w (t int REFERENCES t)")});
  EXPECT_EQ(decide(timeline),
            "expand:apply fill:enqueue contract:wait other:apply same:wait unknown:wait follows:wait data:inline "
            "points:wait");
  EXPECT_FALSE(blockers_["same"][0].is_gate);
  EXPECT_FALSE(blockers_["unknown"][0].is_gate);
  EXPECT_TRUE(blockers_["follows"][0].is_gate);
}

TEST_F(DeciderTest, Invariant4WhoseTablesAreUnknownHoldsBackEveryLaterSchemaMigration) {
  facts_.large = {"fill"};
  const Timeline timeline({data("1_fill", "t"), schema("2_unknown", "DO $$ BEGIN END $$", "-- requires: fill\n"),
                           schema("3_other", "CREATE TABLE u (id int)")});
  EXPECT_EQ(decide(timeline), "fill:enqueue unknown:wait other:wait");
}

TEST_F(DeciderTest, AnUnfinishedRunIsNotQueuedTwice) {
  facts_.large = {"fill"};
  history_ = {applied("1")};
  for (const RunState state : {RunState::kQueued, RunState::kRunning, RunState::kPausing, RunState::kPaused,
                               RunState::kFailed, RunState::kCancelling}) {
    runs_ = {run_in("2", state)};
    EXPECT_EQ(decide(three_steps()), "expand:nothing fill:queued contract:wait") << to_string(state);
  }
  for (const RunState state : {RunState::kCancelled, RunState::kSucceeded}) {
    runs_ = {run_in("2", state)};
    EXPECT_EQ(decide(three_steps()), "expand:nothing fill:enqueue contract:wait") << to_string(state);
  }
}

TEST_F(DeciderTest, ARunThatSomebodyExecutesIsNotDoneInlineToo) {
  history_ = {applied("1")};
  runs_ = {run_in("2", RunState::kRunning)};
  EXPECT_EQ(decide(three_steps()), "expand:nothing fill:queued contract:wait");
  runs_ = {run_in("2", RunState::kPaused)};
  EXPECT_EQ(decide(three_steps()), "expand:nothing fill:inline contract:apply");
}

TEST_F(DeciderTest, ParametersWithoutDefaultAreLeftToTheOperator) {
  EXPECT_EQ(decide(Timeline({data("1_fill", "t", "-- param: x text\n")})), "fill:parameters");
  EXPECT_EQ(decide(Timeline({data("1_fill", "t", "-- param: x text y\n")})), "fill:inline");
}

TEST_F(DeciderTest, MarksWhatComesLate) {
  history_ = {applied("1"), applied("3")};
  EXPECT_EQ(decide(Timeline({schema("1_a", "SELECT 1"), schema("2_b", "SELECT 1"), schema("3_c", "SELECT 1"),
                             schema("4_d", "SELECT 1")})),
            "a:nothing b:apply(late) c:nothing d:apply");
}

TEST_F(DeciderTest, GoesOnWithWhatIsHalfDone) {
  history_ = {applied("1")};
  history_[0].state = ledger::EntryState::kPartial;
  const Timeline timeline({schema("1_a", "SELECT 1")});
  EXPECT_EQ(decide(timeline), "a:continue");
  EXPECT_TRUE(has_pending(timeline, history_));
  history_[0].state = ledger::EntryState::kApplied;
  EXPECT_FALSE(has_pending(timeline, history_));
}

// --- which tables a migration touches

std::string touched(const std::string& up) {
  const TableSet tables = tables_touched(schema("1_a", up), test::postgres());
  if (!tables) return "any";
  std::string names;
  for (const auto& name : *tables) names += (names.empty() ? "" : " ") + name;
  return names;
}

TEST(TablesTouched, AreNamedWhereTheTextTellsForCertain) {
  EXPECT_EQ(touched("ALTER TABLE IF EXISTS ONLY app.\"Users\" ADD a int"), "users");
  EXPECT_EQ(touched("ALTER TABLE a ADD b int REFERENCES c (id)"), "a c");
  EXPECT_EQ(touched("ALTER TABLE a RENAME TO b"), "a b");
  EXPECT_EQ(touched("CREATE TABLE IF NOT EXISTS a (b int REFERENCES c, d int)"), "a c");
  EXPECT_EQ(touched("DROP TABLE a, b"), "a b");
  EXPECT_EQ(touched("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.a (b)"), "a");
  EXPECT_EQ(touched("INSERT INTO a VALUES (1); UPDATE b SET c = 1; DELETE FROM d"), "a b d");
  EXPECT_EQ(touched(""), "");
}

TEST(TablesTouched, AreAnyWhereTheTextLeavesADoubt) {
  for (const char* statement : {"SELECT f()",
                                "DO $$ BEGIN END $$",
                                "CREATE VIEW v AS SELECT 1",
                                "CREATE TABLE a AS SELECT 1",
                                "DROP INDEX i",
                                "UPDATE a SET b = (SELECT 1)",
                                "UPDATE a SET b = 1 FROM c",
                                "DELETE FROM a USING b",
                                "INSERT INTO a SELECT 1",
                                "CREATE TABLE a (LIKE b)",
                                "CREATE TABLE a PARTITION OF b DEFAULT",
                                "CREATE TABLE a () INHERITS (b)",
                                "ALTER TABLE a ATTACH PARTITION b DEFAULT",
                                "ALTER TABLE a INHERIT b",
                                "DROP TABLE a CASCADE",
                                "UPDATE OR IGNORE a SET b = 1",
                                "WITH x AS (SELECT 1) DELETE FROM a",
                                "CREATE TEMP TABLE a (b int)",
                                "TRUNCATE a",
                                "ALTER TABLE ALL IN TABLESPACE x SET TABLESPACE y",
                                "DELETE FROM a WHERE b IN (TABLE c)"}) {
    EXPECT_EQ(touched(statement), "any") << statement;
  }
}

TEST(TablesTouched, AreNewWhereTheMigrationOnlyMakesTables) {
  const auto only_new = [](const std::string& up) {
    return touches_only_new_tables(schema("1_a", up), test::postgres());
  };
  EXPECT_TRUE(only_new("CREATE TABLE a (b int)"));
  EXPECT_TRUE(only_new("CREATE TABLE a (b int REFERENCES a); CREATE UNIQUE INDEX i ON a (b); CREATE TABLE c (d int)"));
  for (const char* up : {"CREATE TABLE IF NOT EXISTS a (b int)", "CREATE TABLE a (b int REFERENCES c)",
                         "CREATE INDEX i ON a (b)", "CREATE INDEX i ON a (b); CREATE TABLE a (b int)",
                         "CREATE TABLE s.a (b int); CREATE INDEX i ON r.a (b)", "CREATE TABLE a (LIKE b)",
                         "CREATE TABLE a (b int); ALTER TABLE c ADD d int", "CREATE TABLE a (b int); SELECT f()",
                         "CREATE TEMP TABLE a (b int)", "CREATE TABLE a AS SELECT 1", "CREATE VIEW a AS SELECT 1"}) {
    EXPECT_FALSE(only_new(up)) << up;
  }
}

TEST(TablesTouched, OfADataMigrationAreItsTable) {
  EXPECT_EQ(*tables_touched(data("1_a", "app.Users"), test::postgres()), std::set<std::string>{"users"});
  EXPECT_EQ(*tables_touched(data("1_a", "app.\"Users\""), test::postgres()), std::set<std::string>{"users"});
}

TEST(TablesTouched, OverlapInDoubt) {
  EXPECT_TRUE(may_overlap(std::nullopt, std::set<std::string>{}));
  EXPECT_TRUE(may_overlap(std::set<std::string>{"a", "b"}, std::set<std::string>{"b"}));
  EXPECT_FALSE(may_overlap(std::set<std::string>{"a"}, std::set<std::string>{"b"}));
}

}  // namespace
}  // namespace weir::migrate
