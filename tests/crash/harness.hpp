// What the crash scenarios share: options, failures, random moments, figures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "crash/process.hpp"

namespace weir::crash {

// A promise of weir is broken, or weir did not do what the scenario needs.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The machine lacks what the scenario needs; the text names it.
class Skipped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string engine = "all";
  int kills = 340;
  std::uint64_t seed = 0;
  bool share = false;
  std::string at;                   // part of a sync point's name; empty: all
  std::string only;                 // part of a scenario's name; empty: all
  std::filesystem::path weir;       // the program under test
  std::filesystem::path weir_sync;  // the same with actions at its sync points
  std::filesystem::path folder;     // for projects, databases and logs
  std::filesystem::path root;       // of the repository
  std::filesystem::path postgres;   // folder of the private server; empty: none
  std::filesystem::path mariadb;    // likewise
};

// A stream of random choices that depends on the seed and the scenario's name only.
class Random {
 public:
  Random(std::uint64_t seed, const std::string& name);
  // Both ends included.
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool chance(double probability);
  // Uniform between 0 and `most`.
  Microseconds moment(Microseconds most);

 private:
  std::mt19937_64 engine_;
};

class Durations {
 public:
  void add(Clock::duration duration) { all_.push_back(duration); }
  std::size_t size() const { return all_.size(); }
  double percentile_ms(double share) const;
  double max_ms() const { return percentile_ms(1); }
  // "p50 41 ms, max 120 ms (17 measured)"
  std::string text() const;

 private:
  std::vector<Clock::duration> all_;
};

// The kills at random moments, which this suite owes a number of.
class Tally {
 public:
  // `workers`: of the process that was killed; 0 for a deploy.
  void add(const std::string& engine, int workers) { ++kills_[engine][workers]; }
  int total() const;
  // One line for each engine.
  std::string text() const;

 private:
  std::map<std::string, std::map<int, int>> kills_;
};

class Engine;

struct Context {
  const Options& options;
  Engine& engine;
  Random& random;
  std::filesystem::path folder;  // of this scenario, empty at the beginning
  Tally& tally;

  // The bigger figure for a full run, the smaller one for --share.
  int amount(int full, int share) const { return options.share ? share : full; }
  void count_kill(int workers) const;
};

// Returns its figures for the summary. Errors: Failure, Skipped.
using Scenario = std::function<std::string(Context&)>;

// Of those that take long or want a quiet machine there is no share in tools/test.
enum class Played { kAlways, kInFullOnly };

struct NamedScenario {
  std::string name;
  std::string engines;  // "sqlite postgres"; "": all of them
  Scenario run;
  Played played = Played::kAlways;
};

std::vector<NamedScenario> all_scenarios();

}  // namespace weir::crash
