// A course leads one process of weir past sync points, and knows what must hold when it was killed or cut off there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crash/migration.hpp"

namespace weir::crash {

// A database with the table, a project, and what belongs to one play of a course.
struct Scene {
  Scene(Context& context, int round, int at_work);

  std::unique_ptr<Store> store;
  Sql sql;
  Table table;
  Project project;
  int workers;
  std::filesystem::path gate;      // a file that processes wait for where the course says so; not there at first
  std::filesystem::path log;       // of the points that the process under test has passed
  std::unique_ptr<Process> other;  // works beside it

  void open_gate() const;
  bool is_waiting() const;  // somebody, at the gate
  // Ends with one of `codes`. Errors: Failure.
  void must_end(Process& process, const std::vector<int>& codes, const std::string& who) const;
  // weir WORDS, by the program as it is released, to its end.
  void weir(const std::vector<std::string>& words, const std::vector<int>& codes = {0}) const;
  // Killed by itself at `point`.
  void weir_killed_at(const std::string& point, const std::vector<std::string>& words) const;
};

enum class Crew { kNone, kAny, kSeveral };  // whether the command has `--workers`, and how many

struct Course {
  std::string name;
  std::vector<std::string> words;  // of the command under test
  std::function<void(Scene&)> prepare;
  std::function<void(Scene&)> complete;  // the next processes, and the checks
  Crew crew = Crew::kNone;
  std::string actions = {};                                   // that it needs; GATE is the scene's gate
  std::function<void(Scene&, Process&)> accompany = nullptr;  // while it runs
  std::vector<int> codes = {0};                               // it ends with one of them when nothing disturbs it
};

std::vector<Course> run_courses();
std::vector<Course> control_courses();
std::vector<Course> deploy_courses();

// How often a line of `log` names the point.
std::int64_t times_passed(const std::filesystem::path& log, std::string_view point);

// The run has succeeded, and every record of it equals the truth; each of `rows` rows was changed once.
void check_run(Scene& scene);

}  // namespace weir::crash
