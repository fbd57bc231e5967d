#include "crash/course.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace weir::crash {
namespace {

constexpr std::int64_t kRows = 300;

void expect(Sql& sql, std::int64_t wanted, const std::string& query) {
  if (const auto found = sql.integer(query); found != wanted)
    throw Failure(fmt::format("{} instead of {}: {}", found, wanted, query));
}

}  // namespace

Scene::Scene(Context& context, int round, int at_work)
    : store(context.engine.fresh(context.folder, context.random)),
      sql(store->url()),
      table(create_table(sql, key_type_of_round(round), kRows)),
      project(context, store->url()),
      workers(at_work),
      gate(context.folder / "gate"),
      log(context.folder / "passed.log") {
  std::filesystem::remove(gate);
  std::filesystem::remove(gate.string() + ".reached");
  std::filesystem::remove(log);
}

void Scene::open_gate() const { std::ofstream(gate).flush(); }

bool Scene::is_waiting() const { return std::filesystem::exists(gate.string() + ".reached"); }

void Scene::must_end(Process& process, const std::vector<int>& codes, const std::string& who) const {
  const int code = process.wait();
  if (std::find(codes.begin(), codes.end(), code) == codes.end())
    throw Failure(fmt::format("{} ended with {}:\n{}", who, code, process.output()));
}

void Scene::weir(const std::vector<std::string>& words, const std::vector<int>& codes) const {
  must_end(*project.start(words), codes, fmt::format("weir {}, afterwards,", fmt::join(words, " ")));
}

void Scene::weir_killed_at(const std::string& point, const std::vector<std::string>& words) const {
  constexpr int kKilled = 128 + 9;
  must_end(*project.start_with(point + "=kill", log, words), {kKilled}, fmt::format("weir {}", fmt::join(words, " ")));
  std::filesystem::remove(log);
}

std::int64_t times_passed(const std::filesystem::path& log, std::string_view point) {
  std::ifstream in(log);
  std::int64_t times = 0;
  for (std::string line; std::getline(in, line);) times += line == point ? 1 : 0;
  return times;
}

void check_run(Scene& scene) {
  Sql& sql = scene.sql;
  check_complete(sql, scene.table);
  expect(sql, 0, "SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL OR state <> 'done'");
  expect(sql, 0, "SELECT count(*) FROM weir_slices WHERE ordinal > 0 AND cursor_key <> upper_bound");
  expect(sql, 0, "SELECT count(*) FROM weir_slices s JOIN weir_runs r ON s.version = r.version WHERE s.pass <> r.pass");
  expect(sql, 0, "SELECT residual FROM weir_runs");
  for (const auto* kind : {"run-started", "run-succeeded"})
    expect(sql, 1, fmt::format("SELECT count(*) FROM weir_events WHERE kind = '{}'", kind));
}

}  // namespace weir::crash
