// Plays courses, each in a database of its own, with a blow at a sync point or without.
#pragma once

#include <map>
#include <utility>

#include "crash/course.hpp"
#include "crash/sync_table.hpp"

namespace weir::crash {

// What happens at which passing of a point.
struct Blow {
  SyncPoint point;
  std::int64_t passing = 1;
  std::string action;  // as in program/sync_actions.cpp
  std::string text() const;
};

class Stage {
 public:
  // Gets the process under test when it has ended, or whatever it does after the blow. Errors: Failure.
  using Judge = std::function<void(Scene&, Process&)>;

  explicit Stage(Context& context);

  const std::vector<Course>& courses() const { return courses_; }
  const Course& course(std::string_view name) const;
  // Whether the course can be played with several workers here.
  bool has_crews(const Course& course) const;
  // A random number of them; 1 where there are no crews, or not `several` are wanted.
  int some_workers(const Course& course, bool several);

  // Nothing happens. How often the process passed each point.
  std::map<SyncPoint, std::int64_t> play_undisturbed(const Course& course, int workers);

  // At a random passing; where the process does not come to that, at the first.
  void play_at_random(const Passage& passage, bool several, const std::string& action, const Judge& judge);

 private:
  std::unique_ptr<Process> begin(Scene& scene, const Course& course, const std::string& more) const;
  std::int64_t times_on(const Course& course, int workers, SyncPoint point);
  // False: the process had not come to its passing.
  bool play(const Course& course, int workers, const Blow& blow, const Judge& judge);

  Context& context_;
  const std::vector<Course> courses_;
  // Of one undisturbed play with one worker, and of one with several.
  std::map<std::pair<std::string, bool>, std::map<SyncPoint, std::int64_t>> passed_;
  int round_ = 0;
};

// The passages of this engine; of a share so many, others with every seed.
std::vector<Passage> choose_passages(Context& context, std::size_t share);

}  // namespace weir::crash
