// weir_crash: runs the crash scenarios and says how to repeat a failure. Started by tools/crash.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>

#include "base/text.hpp"
#include "crash/scenarios.hpp"

namespace weir::crash {

std::vector<NamedScenario> all_scenarios() {
  return {
      {"sync-points-passed", "", sync_points_passed},
      {"sync-points-killed", "", sync_points_killed},
      {"sync-points-cut", "postgres mariadb", sync_points_cut, Played::kInFullOnly},
      {"sync-points-stopped", "", sync_points_stopped, Played::kInFullOnly},
      {"stopped-in-transaction", "postgres mariadb", sync_points_stopped_in_transaction, Played::kInFullOnly},
      {"run-killed", "", run_killed},
      {"commits-cut", "postgres", commits_cut},
      {"anything-cut", "postgres", anything_cut},
      {"server-crashed", "postgres mariadb", server_crashed},
      {"commits-lost", "postgres", commits_lost},
      {"rows-written-meanwhile", "sqlite postgres", rows_written_meanwhile},
      {"two-at-once", "", two_at_once},
      {"holder-stopped", "", holder_stopped},
      {"two-hosts", "postgres mariadb", two_hosts, Played::kInFullOnly},
      {"interrupted", "", interrupted},
      {"migrate-killed", "", migrate_killed},
      {"deploys-killed", "", deploys_killed},
      {"disk-full", "sqlite", disk_full_sqlite},
      {"disk-full", "postgres", disk_full_postgres},
  };
}

namespace {

[[noreturn]] void usage(const std::string& problem) {
  fmt::print(
      stderr,
      "weir_crash: {}\nusage: tools/crash [--engine sqlite|postgres|mariadb|all] [--kills N] [--seed S] [--share] "
      "[--only PART-OF-A-NAME] [--at PART-OF-A-SYNC-POINT]\n",
      problem);
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  options.seed = std::random_device{}();
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--share") {
      options.share = true;
      continue;
    }
    if (i + 1 == argc) usage("no value for " + name);
    const std::string value = argv[++i];
    const auto number = [&] {
      const auto parsed = parse_integer(value);
      return parsed && *parsed >= 0 ? *parsed : (usage(name + " needs a number"), 0);
    };
    if (name == "--engine")
      options.engine = value;
    else if (name == "--kills")
      options.kills = static_cast<int>(number());
    else if (name == "--seed")
      options.seed = static_cast<std::uint64_t>(number());
    else if (name == "--only")
      options.only = value;
    else if (name == "--at")
      options.at = value;
    else if (name == "--weir")
      options.weir = value;
    else if (name == "--weir-sync")
      options.weir_sync = value;
    else if (name == "--folder")
      options.folder = value;
    else if (name == "--root")
      options.root = value;
    else if (name == "--postgres")
      options.postgres = value;
    else if (name == "--mariadb")
      options.mariadb = value;
    else
      usage("unknown option " + name);
  }
  if (options.engine != "all" && options.engine != "sqlite" && options.engine != "postgres" &&
      options.engine != "mariadb")
    usage("--engine is sqlite, postgres, mariadb or all");
  return options;
}

struct Totals {
  int passed = 0, failed = 0, skipped = 0;
};

void play(const Options& options, const NamedScenario& scenario, Engine& engine, Totals& totals, Tally& tally) {
  const std::string name = scenario.name + "/" + engine.name();
  Random random(options.seed, name);
  Context context{options, engine, random, options.folder / engine.name() / scenario.name, tally};
  std::filesystem::create_directories(context.folder);
  const auto begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  try {
    const std::string figures = scenario.run(context);
    fmt::print("PASSED  {:32} {:6.1f} s  {}\n", name, seconds(), figures);
    ++totals.passed;
    std::filesystem::remove_all(context.folder);
  } catch (const Skipped& reason) {
    fmt::print("SKIPPED {:32}           {}\n", name, reason.what());
    ++totals.skipped;
  } catch (const std::exception& failure) {
    fmt::print("FAILED  {:32} {:6.1f} s\n{}\n  repeat: tools/crash --engine {} --only {} --seed {}{}{}\n", name,
               seconds(), failure.what(), engine.name(), scenario.name, options.seed,
               options.share ? " --share" : fmt::format(" --kills {}", options.kills),
               "   (the same choices; the moments depend on the machine)");
    ++totals.failed;
  }
  std::fflush(stdout);
}

int run(const Options& options) {
  fmt::print("seed {}\n", options.seed);
  std::fflush(stdout);
  std::vector<std::unique_ptr<Engine>> engines;
  Totals totals;
  Tally tally;
  const auto wanted = [&](const std::string& name) { return options.engine == "all" || options.engine == name; };
  const auto without_server = [&](const std::string& name) {
    fmt::print("SKIPPED all of {}: no server is installed\n", name);
    ++totals.skipped;
  };
  if (wanted("sqlite")) engines.push_back(sqlite_engine(options));
  if (wanted("postgres"))
    options.postgres.empty() ? without_server("postgres") : engines.push_back(postgres_engine(options));
  if (wanted("mariadb"))
    options.mariadb.empty() ? without_server("mariadb") : engines.push_back(mariadb_engine(options));
  for (const auto& scenario : all_scenarios()) {
    if (scenario.name.find(options.only) == std::string::npos) continue;
    if (options.share && scenario.played == Played::kInFullOnly && scenario.name != options.only) continue;
    for (const auto& engine : engines) {
      if (scenario.engines.empty() || scenario.engines.find(engine->name()) != std::string::npos)
        play(options, scenario, *engine, totals, tally);
    }
  }
  if (tally.total() > 0) fmt::print("{} kills at random moments\n{}", tally.total(), tally.text());
  fmt::print("{} passed, {} failed, {} skipped\n", totals.passed, totals.failed, totals.skipped);
  return totals.failed == 0 && totals.passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace weir::crash

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  ::setenv("WEIR_ACTOR", "crash", 1);
  return weir::crash::run(weir::crash::parse(argc, argv));
}
