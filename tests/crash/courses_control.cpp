// Courses of the commands that control a run, keep old values and restore them.
#include <fmt/format.h>

#include "crash/course.hpp"

namespace weir::crash {
namespace {

const std::vector<std::string> kRun{"run", "bump"};
constexpr int kInterrupted = 6;

void prepare_keep(Scene& scene) {
  scene.project.add_data_migration_with("-- batch: 10\n-- keep: n\n", "n = n + 1", ":range");
}

void prepare_kept(Scene& scene) {
  prepare_keep(scene);
  scene.weir(kRun);
}

void complete_kept(Scene& scene) {
  scene.weir(kRun);
  check_run(scene);
  scene.weir({"undo", "bump"});
  if (scene.sql.integer("SELECT count(*) FROM t WHERE n <> 0") != 0)
    throw Failure("an image holds another value than the row had");
}

void complete_undo(Scene& scene) {
  Sql& sql = scene.sql;
  if (sql.value("SELECT state FROM weir_before_images") != "undone") scene.weir({"undo", "bump"});
  const auto changed = sql.integer("SELECT count(*) FROM t WHERE n <> 0");
  const auto undone = sql.integer("SELECT count(*) FROM weir_before_images WHERE state = 'undone'");
  const auto recorded = sql.integer("SELECT count(*) FROM weir_migrations");
  const auto told = sql.integer("SELECT count(*) FROM weir_events WHERE kind IN ('undo-started', 'run-undone')");
  if (changed != 0 || undone != 1 || recorded != 0 || told != 2)
    throw Failure(fmt::format("undone: {} rows are changed, {} sets undone, {} entries, {} events", changed, undone,
                              recorded, told));
  // Once more, from the beginning: nothing of the undone run is in the way.
  scene.weir({"run", "bump"});
  check_rows(sql, scene.table);
}

void complete_discard(Scene& scene) {
  scene.weir({"undo", "bump", "--discard"});
  if (scene.sql.integer("SELECT count(*) FROM weir_before_images") != 0) throw Failure("images are recorded still");
  check_run(scene);
}

// Somebody works on the run and waits at the gate.
void prepare_worker(Scene& scene) {
  scene.project.add_data_migration(Where::kUndone, 10);
  scene.other = scene.project.start_with("batch-committed:3=wait@" + scene.gate.string(), scene.log, kRun);
  if (!await(*scene.other, [&] { return scene.is_waiting(); }))
    throw Failure("the worker ended early:\n" + scene.other->output());
  std::filesystem::remove(scene.log);
}

// Who finds a run that was being cancelled ends it, and says so rather than begin a new one unasked.
void end_cancelled_run(Scene& scene) {
  if (look_at_run(scene.sql).state != "cancelling") return;
  const auto process = scene.project.start(kRun);
  scene.must_end(*process, {1}, "weir run");
  if (process->whole_output().find("it is cancelled now") == std::string::npos)
    throw Failure("weir run does not say what happened:\n" + process->output());
}

void complete_any_attempt(Scene& scene) {
  scene.open_gate();
  // It was finished, or left; when it was cancelled under its hands it says so.
  if (scene.other) scene.must_end(*scene.other, {0, 1, kInterrupted}, "the worker");
  end_cancelled_run(scene);
  scene.weir(kRun);
  check_rows(scene.sql, scene.table);
  const auto counted = scene.sql.integer("SELECT sum(rows_done) FROM weir_slices");
  const auto leased = scene.sql.integer("SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL");
  if (counted != scene.table.rows || leased != 0)
    throw Failure(fmt::format("the ledger counts {} of {} rows; {} leases", counted, scene.table.rows, leased));
}

// Nobody works on it any more, so the command itself moves it on.
void prepare_dead_worker(Scene& scene) {
  scene.project.add_data_migration(Where::kUndone, 10);
  scene.weir_killed_at("batch-committed:3", kRun);
}

}  // namespace

std::vector<Course> control_courses() {
  std::vector<Course> all;
  const std::string opens = "request-committed=touch@GATE";
  // The worker may have ended the run before it sees what is wanted: then the command fails.
  all.push_back(
      {"paused", {"pause", "bump"}, prepare_worker, complete_any_attempt, Crew::kNone, opens, nullptr, {0, 1}});
  all.push_back(
      {"cancelled", {"cancel", "bump"}, prepare_worker, complete_any_attempt, Crew::kNone, opens, nullptr, {0, 1}});
  all.push_back({"paused-for-the-dead", {"pause", "bump"}, prepare_dead_worker, complete_any_attempt});
  all.push_back({"cancelled-for-the-dead", {"cancel", "bump"}, prepare_dead_worker, complete_any_attempt});
  all.push_back({"keep", kRun, prepare_keep, complete_kept, Crew::kAny});
  all.push_back({"undo", {"undo", "bump"}, prepare_kept, complete_undo});
  all.push_back({"discard", {"undo", "bump", "--discard"}, prepare_kept, complete_discard});
  return all;
}

}  // namespace weir::crash
