// What a rollback would undo, and that it refuses before anything is undone; diffs of edited files.
#include <gtest/gtest.h>

#include "migrate/diff.hpp"
#include "migrate/rollback.hpp"
#include "support/dialects.hpp"
#include "support/expect_error.hpp"

namespace weir::migrate {
namespace {

using ledger::Entry;
using ledger::Run;
using ledger::RunState;
using project::Kind;
using project::Timeline;
using test::thrown_by;

project::Migration file(Kind kind, const std::string& name, const std::string& text) {
  return project::parse_migration(kind, name + ".sql", name, text, test::sqlite());
}

Timeline timeline() {
  return Timeline({file(Kind::kSchema, "1_a", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;"),
                   file(Kind::kData, "2_b", "-- requires: a\n-- over: t\n-- migrate:batch\nUPDATE t SET a = 1 WHERE :batch"),
                   file(Kind::kSchema, "3_c", "-- migrate:up\nSELECT 1;\n-- migrate:down\n"),
                   file(Kind::kSchema, "4_d", "-- migrate:up\nSELECT 1;")});
}

std::vector<Entry> history(const std::vector<std::string>& versions) {
  std::vector<Entry> entries;
  for (const auto& version : versions) {
    Entry entry;
    entry.version = project::Version(version);
    entry.name = "n" + version;
    entry.kind = version == "2" ? Kind::kData : Kind::kSchema;
    entries.push_back(entry);
  }
  return entries;
}

RollbackOptions steps(std::int64_t n) {
  RollbackOptions options;
  options.steps = n;
  return options;
}
RollbackOptions to(const std::string& version) {
  RollbackOptions options;
  options.to = project::Version(version);
  return options;
}

std::string planned(const std::vector<Entry>& entries, const RollbackOptions& options, const std::vector<Run>& runs = {}) {
  const Timeline all = timeline();
  std::string names;
  for (const auto& one : plan_rollback(all, {entries, runs}, options)) {
    names += one.migration->name;
    if (one.nothing_to_undo) names += "(empty)";
    for (const auto* reopened : one.reopened) names += "+" + reopened->name;
    names += " ";
  }
  return names;
}

Code refused(const std::vector<Entry>& entries, const RollbackOptions& options, const std::vector<Run>& runs = {}) {
  return thrown_by([&] { planned(entries, options, runs); }).code();
}

TEST(RollbackPlan, UndoesSchemaMigrationsFromTheLast) {
  EXPECT_EQ(planned(history({"1", "3"}), steps(1)), "c(empty) ");
  EXPECT_EQ(planned(history({"1", "3"}), steps(2)), "c(empty) a ");
  EXPECT_EQ(planned(history({"1", "3"}), steps(9)), "c(empty) a ");
  EXPECT_EQ(planned(history({}), steps(1)), "");
}

TEST(RollbackPlan, StopsAtTheVersionThatStays) {
  EXPECT_EQ(planned(history({"1", "3"}), to("1")), "c(empty) ");
  EXPECT_EQ(planned(history({"1", "3"}), to("3")), "");
  EXPECT_EQ(planned(history({"1", "3"}), to("0")), "c(empty) a ");
  EXPECT_EQ(refused(history({"1", "3"}), to("2")), Code::kUsage);
}

TEST(RollbackPlan, ReopensTheDataMigrationsThatNeededIt) {
  EXPECT_EQ(planned(history({"1", "2"}), steps(1)), "a+b ");
  EXPECT_EQ(planned(history({"1"}), steps(1)), "a ") << "never run: nothing to reopen";
}

TEST(RollbackPlan, RefusesWhatCannotBeUndone) {
  EXPECT_EQ(refused(history({"4"}), steps(1)), Code::kNotReversible);
  EXPECT_EQ(refused(history({"3", "4"}), to("0")), Code::kNotReversible) << "all or nothing";
  EXPECT_EQ(refused(history({"1", "9"}), steps(1)), Code::kNotFound) << "its file is gone";
  auto partial = history({"1"});
  partial[0].state = ledger::EntryState::kPartial;
  EXPECT_EQ(refused(partial, steps(1)), Code::kNotReversible);
}

TEST(RollbackPlan, RefusesWhileARunThatNeedsItIsExecuted) {
  ledger::Run run;
  run.id = {project::Version("2"), 1};
  for (const RunState state : {RunState::kRunning, RunState::kPausing, RunState::kCancelling}) {
    run.state = state;
    EXPECT_EQ(refused(history({"1"}), steps(1), {run}), Code::kGateClosed);
  }
  run.state = RunState::kPaused;
  EXPECT_EQ(planned(history({"1"}), steps(1), {run}), "a+b ");
}

TEST(LineDiff, ShowsWhatWasEditedWithOneLineAround) {
  EXPECT_EQ(line_diff("a\nb\nc\n", "a\nB\nc\n"), "  a\n- b\n+ B\n  c");
  EXPECT_EQ(line_diff("a\n", "a\nb\n"), "  a\n+ b");
  EXPECT_EQ(line_diff("", "a"), "+ a");
  EXPECT_EQ(line_diff("a\nb", "b"), "- a\n  b");
}

TEST(LineDiff, CountsWhatItLeavesOut) {
  std::string now;
  for (int i = 0; i < 30; ++i) now += "x\n";
  const std::string diff = line_diff("", now, 5);
  EXPECT_EQ(std::count(diff.begin(), diff.end(), '\n'), 5);
  EXPECT_TRUE(diff.ends_with("... 25 more lines")) << diff;
}

}  // namespace
}  // namespace weir::migrate
