// kill -9, a cut of all connections, SIGSTOP: at every named sync point, on every engine, with one worker and several.
#include <algorithm>
#include <csignal>
#include <fmt/format.h>

#include "base/error.hpp"
#include "crash/scenarios.hpp"
#include "crash/stage.hpp"

namespace weir::crash {
namespace {

// With one worker and with several where that makes a difference; of a share one of the two.
std::vector<bool> crews_for(Context& context, const Stage& stage, const Passage& passage) {
  if (!stage.has_crews(stage.course(passage.course))) return {false};
  return context.options.share ? std::vector{context.random.chance(0.5)} : std::vector{false, true};
}

bool is_among(int code, const std::vector<int>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

using Judge = std::function<void(const Passage&, Scene&, Process&)>;

// All of them, whatever fails. Errors: Failure, with all that failed.
void play_all(Context& context, Stage& stage, const std::vector<Passage>& passages, const std::string& action,
              const Judge& judge) {
  std::string failures;
  for (const auto& passage : passages) {
    for (const bool several : crews_for(context, stage, passage)) {
      try {
        stage.play_at_random(passage, several, action,
                             [&](Scene& scene, Process& process) { judge(passage, scene, process); });
      } catch (const Failure& failure) {
        failures += fmt::format("{}{}", failures.empty() ? "" : "\n", failure.what());
      }
    }
  }
  if (!failures.empty()) throw Failure(failures);
}

// A point at which a process may stop and be replaced: it holds a lease, and no transaction that keeps others out.
bool may_stop_at(const Passage& passage) {
  using enum SyncPoint;
  constexpr SyncPoint kPoints[] = {
      kClaimCommitted, kSlicesCut,        kPassCommitted,    kBatchBegins, kBatchSent, kBatchCommitted, kBatchCounted,
      kSliceFinishing, kResidualMeasured, kResidualRecorded, kRunVerified, kSplitCut,  kSplitCommitted, kReclaimed};
  const bool is_run = passage.course == "run" || passage.course == "split" || passage.course == "cut-off";
  return is_run && std::find(std::begin(kPoints), std::end(kPoints), passage.point) != std::end(kPoints);
}

// The lease of a stopped process is over: another one takes its place, and the first commits nothing when it wakes up.
void take_over(Scene& scene, Process& stopped, const std::vector<int>& codes) {
  if (!await(stopped, [&] { return stopped.is_stopped(); })) throw Failure("it did not stop:\n" + stopped.output());
  if (!is_locked_as_a_whole(scene.sql, scene.store->url())) {
    const auto second = scene.project.run(workers_option(scene.workers));
    const auto waits = [&] { return second->whole_output().find("waits for pid") != std::string::npos; };
    // Or it did everything, because a thread that was stopped in a transaction held it up for longer than the leases.
    if (await(*second, waits)) scene.sql.execute("UPDATE weir_slices SET lease_expires_at_ms = 1");
    scene.must_end(*second, {0}, "the second");
    check_run(scene);
  }
  stopped.signal(SIGCONT);
  scene.must_end(stopped, codes, "the first, when it came back,");
}

}  // namespace

// Every point stands in the table, and is passed exactly where the table says so.
std::string sync_points_passed(Context& context) {
  Stage stage(context);
  const std::string engine = context.engine.name();
  const auto& table = all_passages();
  std::map<SyncPoint, std::string> passed;  // and the course
  int plays = 0;
  for (const auto& course : stage.courses()) {
    std::vector<Passage> here;
    std::copy_if(table.begin(), table.end(), std::back_inserter(here),
                 [&](const auto& one) { return one.course == course.name && is_on(one, engine); });
    const bool lasts_long = course.name == "renewed" && context.options.share;
    if (here.empty() || lasts_long) continue;
    auto now = stage.play_undisturbed(course, stage.some_workers(course, context.random.chance(0.5)));
    ++plays;
    const auto missed = [&](const auto& passage) { return !now.contains(passage.point); };
    // Of several workers one may do what leads past a point before another comes to it.
    if (std::any_of(here.begin(), here.end(), missed)) now.merge(stage.play_undisturbed(course, 1));
    for (const auto& [point, times] : now) passed.emplace(point, course.name);
    for (const auto& passage : here) {
      if (!now.contains(passage.point))
        throw Failure(fmt::format("{} was not passed in course {}", to_string(passage.point), course.name));
    }
  }
  for (std::size_t i = 0; i < kSyncPointNames.size(); ++i) {
    const auto point = static_cast<SyncPoint>(i);
    bool known = false, expected = false;
    for (const auto& passage : table) {
      known = known || passage.point == point;
      expected = expected || (passage.point == point && is_on(passage, engine));
    }
    if (!known) throw Failure(fmt::format("sync_table.cpp says nothing of {}", kSyncPointNames[i]));
    if (!expected && passed.contains(point))
      throw Failure(fmt::format("{} is passed in course {}; sync_table.cpp says that it is not", kSyncPointNames[i],
                                passed[point]));
  }
  return fmt::format("{} of {} points in {} courses", passed.size(), kSyncPointNames.size(), plays);
}

std::string sync_points_killed(Context& context) {
  Stage stage(context);
  int kills = 0;
  const auto passages = choose_passages(context, 8);
  play_all(context, stage, passages, "kill", [&](const Passage&, const Scene& scene, Process& process) {
    scene.must_end(process, {128 + SIGKILL}, "weir, which should have killed itself,");
    ++kills;
  });
  return fmt::format("{} kills at {} passages", kills, passages.size());
}

std::string sync_points_cut(Context& context) {
  Stage stage(context);
  int cuts = 0, survived = 0;
  const auto passages = choose_passages(context, 5);
  play_all(context, stage, passages, "cut", [&](const Passage& passage, const Scene& scene, Process& process) {
    ++cuts;
    const auto& codes = stage.course(passage.course).codes;
    const int code = process.wait();
    constexpr int kGreatestCode = 7;  // an error of weir's, not a signal
    if (is_among(code, codes)) {
      ++survived;
    } else if (passage.after_cut == AfterCut::kSurvives || code > kGreatestCode) {
      scene.must_end(process, codes, "weir, cut off,");
    }
  });
  return fmt::format("{} cuts at {} passages, {} survived by the same process", cuts, passages.size(), survived);
}

std::string sync_points_stopped(Context& context) {
  Stage stage(context);
  auto passages = choose_passages(context, std::string::npos);
  std::erase_if(passages, [](const auto& passage) { return !may_stop_at(passage); });
  if (context.options.share) passages.resize(std::min<std::size_t>(passages.size(), 2));
  int stops = 0;
  play_all(context, stage, passages, "stop", [&](const Passage& passage, Scene& scene, Process& process) {
    ++stops;
    take_over(scene, process, stage.course(passage.course).codes);
  });
  return fmt::format("{} stops at {} passages", stops, passages.size());
}

// Stopped within a transaction a process keeps the locks that another one needs, until the server ends its session.
std::string sync_points_stopped_in_transaction(Context& context) {
  using enum SyncPoint;
  constexpr SyncPoint kPoints[] = {kFirstBatchBeforeCommit, kClaimBeforeCommit, kPassBeforeCommit, kSuccessBeforeCommit,
                                   kQuarantineBeforeCommit};
  Stage stage(context);
  Durations waited;
  for (const auto& passage : choose_passages(context, 0)) {
    const bool is_run = passage.course == "run" || passage.course == "where" || passage.course == "quarantine";
    if (!is_run || std::find(std::begin(kPoints), std::end(kPoints), passage.point) == std::end(kPoints)) continue;
    const auto& codes = stage.course(passage.course).codes;
    stage.play_at_random(passage, context.random.chance(0.5), "stop", [&](Scene& scene, Process& stopped) {
      if (!await(stopped, [&] { return stopped.is_stopped(); })) throw Failure("it did not stop:\n" + stopped.output());
      const auto second = scene.project.run(workers_option(scene.workers));
      scene.must_end(*second, codes, "the second");
      waited.add(Clock::now() - second->started());
      stopped.signal(SIGCONT);
      scene.must_end(stopped, codes, "the first, when it came back,");
    });
  }
  return fmt::format("taken over and completed: {}", waited.text());
}

}  // namespace weir::crash
