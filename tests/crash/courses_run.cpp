// Courses of `weir run`: every process that is killed is followed by another one that completes the run.
#include <fmt/format.h>

#include "crash/course.hpp"

namespace weir::crash {
namespace {

const std::vector<std::string> kRun{"run", "bump"};
constexpr int kBatch = 10;

void complete_run(Scene& scene) {
  scene.weir(kRun);
  check_run(scene);
}

void prepare_plain(Scene& scene) {
  scene.project.add_data_migration_with(fmt::format("-- batch: {}\n", kBatch), "n = n + 1", ":range",
                                        "-- migrate:verify\nSELECT count(*) FROM t WHERE n <> 1;\n");
}

void prepare_where(Scene& scene) { scene.project.add_data_migration(Where::kUndone, kBatch); }

// A row is inserted behind the cursor of the first slice while the process waits at the gate, so a sweep has to find
// it.
void insert_behind_cursor(Scene& scene, Process& process) {
  const auto has_begun = [&] {
    return scene.sql.integer("SELECT count(*) FROM weir_slices WHERE ordinal = 1 AND cursor_key IS NOT NULL") == 1;
  };
  if (await(process, [&] { return scene.is_waiting(); }) && await(process, has_begun))
    insert_low_row(scene.sql, scene.table, 0);
  scene.open_gate();
}

// One row cannot be changed as long as its `pad` is 'bad': 0 / 0 is an error, or a NULL that `n` does not take.
void prepare_bad_row(Scene& scene) {
  scene.project.add_data_migration_with(fmt::format("-- batch: {}\n-- on_error: quarantine\n", kBatch),
                                        "n = n + 1 + 0 / (length(pad) - 3)", ":range");
  scene.sql.execute("UPDATE t SET pad = 'bad' WHERE tag = 150");
}

constexpr int kFailed = 1, kInterrupted = 6, kVerificationFailed = 7;

void mend_and_retry(Scene& scene) {
  scene.sql.execute("UPDATE t SET pad = 'good' WHERE tag = 150");
  scene.weir({"quarantine", "retry", "bump"});
  complete_run(scene);
}

void complete_quarantined(Scene& scene) {
  scene.weir(kRun, {kFailed});
  const auto done = scene.sql.integer("SELECT count(*) FROM t WHERE n = 1");
  const auto held = scene.sql.integer("SELECT count(*) FROM weir_quarantine");
  if (done != scene.table.rows - 1 || held != 1)
    throw Failure(fmt::format("{} rows are done and {} in quarantine", done, held));
  mend_and_retry(scene);
}

// The pulse renews every five seconds.
void hold_until_renewed(Scene& scene, Process& process) {
  await(process, [&] { return times_passed(scene.log, "lease-renewed") > 0; });
  scene.open_gate();
}

void prepare_failing_verify(Scene& scene) {
  scene.sql.execute("CREATE TABLE wrong (id bigint NOT NULL)");
  scene.sql.execute("INSERT INTO wrong VALUES (1)");
  scene.project.add_data_migration_with(fmt::format("-- batch: {}\n", kBatch), "n = n + 1", ":range",
                                        "-- migrate:verify\nSELECT count(*) FROM wrong;\n");
}

// The old run goes on, or a new one begins; with `where` no row is changed twice either way.
void complete_any_attempt(Scene& scene) {
  scene.weir(kRun);
  check_rows(scene.sql, scene.table);
  const auto counted = scene.sql.integer("SELECT sum(rows_done) FROM weir_slices");
  const auto open = scene.sql.integer("SELECT count(*) FROM weir_runs WHERE state NOT IN ('succeeded', 'cancelled')");
  if (counted != scene.table.rows || open != 0)
    throw Failure(fmt::format("the ledger counts {} of {} rows; {} runs are open", counted, scene.table.rows, open));
}

void prepare_killed_run(Scene& scene) {
  prepare_where(scene);
  scene.weir_killed_at("batch-committed:3", kRun);
}

}  // namespace

std::vector<Course> run_courses() {
  std::vector<Course> all;
  all.push_back({"run", kRun, prepare_plain, complete_run, Crew::kAny});
  all.push_back({"where", kRun, prepare_where, complete_run, Crew::kAny});
  all.push_back(
      {"sweep", kRun, prepare_where, complete_run, Crew::kAny, "batch-committed:3=wait@GATE", insert_behind_cursor});
  all.push_back({"quarantine", kRun, prepare_bad_row, complete_quarantined, Crew::kAny, "", nullptr, {kFailed}});
  all.push_back({"retry",
                 {"quarantine", "retry", "bump"},
                 [](Scene& scene) {
                   prepare_bad_row(scene);
                   scene.weir(kRun, {kFailed});
                   scene.sql.execute("UPDATE t SET pad = 'good' WHERE tag = 150");
                 },
                 mend_and_retry});
  // One slice is left by one worker; of several that come then all but one ask for a part of it.
  all.push_back({"split", kRun,
                 [](Scene& scene) {
                   prepare_plain(scene);
                   scene.weir_killed_at("batch-committed:2", kRun);
                 },
                 complete_run, Crew::kSeveral, "batch-committed:3=wait@GATE,split-wanted=touch@GATE"});
  all.push_back({"interrupted",
                 kRun,
                 prepare_plain,
                 complete_run,
                 Crew::kAny,
                 "batch-committed:3=interrupt",
                 nullptr,
                 {kInterrupted}});
  all.push_back(
      {"renewed", kRun, prepare_plain, complete_run, Crew::kAny, "batch-committed:3=wait@GATE", hold_until_renewed});
  all.push_back({"cut-off", kRun, prepare_plain, complete_run, Crew::kAny, "batch-sent:5=cut"});
  all.push_back({"failed",
                 kRun,
                 prepare_failing_verify,
                 [](Scene& scene) {
                   scene.sql.execute("DELETE FROM wrong");
                   complete_run(scene);
                 },
                 Crew::kAny,
                 "",
                 nullptr,
                 {kVerificationFailed}});
  all.push_back({"restarted", {"run", "bump", "--restart"}, prepare_killed_run, complete_any_attempt, Crew::kAny});
  return all;
}

}  // namespace weir::crash
