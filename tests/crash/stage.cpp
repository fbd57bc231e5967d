#include "crash/stage.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::crash {
namespace {

std::vector<Course> all_courses() {
  auto all = run_courses();
  for (auto& course : control_courses()) all.push_back(std::move(course));
  for (auto& course : deploy_courses()) all.push_back(std::move(course));
  return all;
}

std::string joined(const std::string& actions, const std::string& more) {
  return actions + (actions.empty() || more.empty() ? "" : ",") + more;
}

std::string with_gate(std::string actions, const std::string& gate) {
  constexpr std::string_view kGate = "GATE";
  for (auto at = actions.find(kGate); at != std::string::npos; at = actions.find(kGate, at + gate.size()))
    actions.replace(at, kGate.size(), gate);
  return actions;
}

}  // namespace

std::string Blow::text() const { return fmt::format("{}:{}={}", to_string(point), passing, action); }

Stage::Stage(Context& context) : context_(context), courses_(all_courses()) {}

const Course& Stage::course(std::string_view name) const {
  const auto found = std::find_if(courses_.begin(), courses_.end(), [&](const auto& one) { return one.name == name; });
  if (found == courses_.end()) throw Failure(fmt::format("there is no course '{}'", name));
  return *found;
}

bool Stage::has_crews(const Course& course) const {
  return course.crew != Crew::kNone && !context_.engine.server_tool().empty();
}

int Stage::some_workers(const Course& course, bool several) {
  const bool more = has_crews(course) && (several || course.crew == Crew::kSeveral);
  return more ? static_cast<int>(context_.random.between(2, 8)) : 1;
}

std::unique_ptr<Process> Stage::begin(Scene& scene, const Course& course, const std::string& more) const {
  course.prepare(scene);
  auto words = course.words;
  if (scene.workers > 1) words.insert(words.end(), {"--workers", std::to_string(scene.workers)});
  auto process =
      scene.project.start_with(joined(with_gate(course.actions, scene.gate.string()), more), scene.log, words);
  if (course.accompany) course.accompany(scene, *process);
  return process;
}

std::map<SyncPoint, std::int64_t> Stage::play_undisturbed(const Course& course, int workers) {
  try {
    Scene scene(context_, round_++, workers);
    const auto process = begin(scene, course, "");
    scene.must_end(*process, course.codes, "weir " + course.words.front());
    std::map<SyncPoint, std::int64_t> passed;
    for (std::size_t i = 0; i < kSyncPointNames.size(); ++i) {
      if (const auto times = times_passed(scene.log, kSyncPointNames[i])) passed[static_cast<SyncPoint>(i)] = times;
    }
    course.complete(scene);
    return passed;
  } catch (const std::exception& failure) {
    throw Failure(fmt::format("course {}, undisturbed, {} workers: {}", course.name, workers, failure.what()));
  }
}

std::int64_t Stage::times_on(const Course& course, int workers, SyncPoint point) {
  auto& passed = passed_[{course.name, workers > 1}];
  if (passed.empty()) passed = play_undisturbed(course, workers);
  const auto found = passed.find(point);
  return found == passed.end() ? 1 : found->second;
}

bool Stage::play(const Course& course, int workers, const Blow& blow, const Judge& judge) {
  try {
    Scene scene(context_, round_++, workers);
    const auto process = begin(scene, course, blow.text());
    const auto has_passed = [&] { return times_passed(scene.log, to_string(blow.point)) >= blow.passing; };
    const bool passed = await(*process, has_passed);
    if (passed) {
      judge(scene, *process);
    } else {
      scene.must_end(*process, course.codes, "weir " + course.words.front());
    }
    course.complete(scene);
    return passed;
  } catch (const std::exception& failure) {
    throw Failure(fmt::format("{} in course {}, {} workers: {}", blow.text(), course.name, workers, failure.what()));
  }
}

void Stage::play_at_random(const Passage& passage, bool several, const std::string& action, const Judge& judge) {
  const Course& one = course(passage.course);
  const int workers = some_workers(one, several);
  Blow blow{passage.point, context_.random.between(1, times_on(one, workers, passage.point)), action};
  if (play(one, workers, blow, judge)) return;
  // Where several work one of them may have done meanwhile what leads there: a slice whose worker lost its connection
  // is taken by another.
  constexpr int kTries = 4;
  blow.passing = 1;
  for (int tries = 1; !play(one, tries < kTries ? workers : some_workers(one, false), blow, judge); ++tries) {
    if (tries >= kTries)
      throw Failure(fmt::format("{} was not passed in course {}", to_string(passage.point), passage.course));
  }
}

std::vector<Passage> choose_passages(Context& context, std::size_t share) {
  std::vector<Passage> all;
  for (const auto& passage : all_passages()) {
    if (is_on(passage, context.engine.name())) all.push_back(passage);
  }
  std::erase_if(all, [&](const auto& passage) {
    return to_string(passage.point).find(context.options.at) == std::string_view::npos;
  });
  if (!context.options.share) return all;
  // A lease is renewed after five seconds only.
  std::erase_if(all, [](const auto& passage) { return passage.course == "renewed"; });
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const auto other = context.random.between(static_cast<std::int64_t>(i), std::ssize(all) - 1);
    std::swap(all[i], all[static_cast<std::size_t>(other)]);
  }
  all.resize(std::min(all.size(), share));
  return all;
}

}  // namespace weir::crash
