// Several processes at one run: two starts at once, a holder that stops and comes back, Ctrl-C.
#include <csignal>
#include <fmt/format.h>

#include "base/error.hpp"
#include "crash/scenarios.hpp"

namespace weir::crash {
namespace {

constexpr int kLockNotObtained = 5;
constexpr int kInterrupted = 6;

// A database with the table, the project and a way to look.
struct Stage {
  Stage(Context& context, int round, std::int64_t rows, int batch, Where where = Where::kNone)
      : store(context.engine.fresh(context.folder, context.random)),
        sql(store->url()),
        table(create_table(sql, key_type_of_round(round), rows)),
        project(context, store->url()) {
    project.add_data_migration(where, batch);
  }
  std::unique_ptr<Store> store;
  Sql sql;
  Table table;
  Project project;
};

void must_end_with(Process& process, int expected, const std::string& who) {
  if (const int code = process.wait(); code != expected)
    throw Failure(fmt::format("{} ended with {} instead of {}:\n{}", who, code, expected, process.output()));
}

void must_end_well(Process& process) {
  const int code = process.wait();
  if (code != 0 && code != kLockNotObtained) throw Failure(fmt::format("ended with {}:\n{}", code, process.output()));
}

bool await_progress(Process& process, Sql& sql) {
  const auto before = look_at_run(sql).batches;
  return await(process, [&] { return look_at_run(sql).batches > before; });
}

// The first is stopped, the second takes over when the lease has passed, the first comes back and helps.
// Returns how long the second waited.
Clock::duration stop_and_come_back(Context& context, int round, bool wait_for_lease) {
  Stage stage(context, round, 30'000, 15);
  // The first with 1 worker, then with several.
  const int workers = round % 2 == 0 ? 1 : some_workers(stage.sql, context.random);
  const auto first = stage.project.run(workers_option(workers));
  if (!await_progress(*first, stage.sql)) throw Failure("the first ended too early:\n" + first->output());
  first->wait_for(context.random.moment(Microseconds(300'000)));
  for (;; first->wait_for(context.random.moment(Microseconds(5'000)))) {
    first->signal(SIGSTOP);
    if (!is_locked_as_a_whole(stage.sql, stage.store->url())) break;  // such a moment is let go
    first->signal(SIGCONT);
  }
  const auto stopped = Clock::now();
  const auto second = stage.project.run(workers_option(some_workers(stage.sql, context.random)));
  const auto waits = [&] { return second->whole_output().find("waits for pid") != std::string::npos; };
  if (!await(*second, waits)) {
    // The first was stopped within a transaction, and its locks were waited for until the server ended its session.
    must_end_with(*second, 0, "the second");
    const auto all_done = Clock::now() - stopped;
    first->signal(SIGCONT);
    must_end_with(*first, 0, "the first, when it came back,");
    check_complete(stage.sql, stage.table);
    return all_done;
  }
  const auto held_by_first = [&] {
    return stage.sql.integer(
        fmt::format("SELECT count(*) FROM weir_slices WHERE lease_token IS NOT NULL AND lease_pid = {}", first->pid()));
  };
  const auto held = held_by_first();
  // The first's last batch, on the way at the server, has ended long ago.
  if (!wait_for_lease) stage.sql.execute("UPDATE weir_slices SET lease_expires_at_ms = 1");
  // Of several that work for the second some may have slices of their own still.
  if (!await(*second, [&] { return held_by_first() < held; }))
    throw Failure("the second did not take over:\n" + second->output());
  const auto waited = Clock::now() - stopped;
  if (waited > std::chrono::seconds(30)) throw Failure("taking over took more than two lease times");
  first->signal(SIGCONT);
  must_end_with(*first, 0, "the first, when it came back,");
  if (first->whole_output().find("another worker took this ") == std::string::npos)
    throw Failure(fmt::format("the first ({} workers) does not say what happened:\n{}the second:\n{}", workers,
                              first->whole_output(), second->whole_output()));
  must_end_with(*second, 0, "the second");
  check_complete(stage.sql, stage.table);
  return waited;
}

}  // namespace

std::string holder_stopped(Context& context) {
  const int rounds = context.amount(6, 2);
  const int real = context.amount(2, 0);
  Durations refused;
  for (int round = 0; round < rounds + real; ++round) {
    const auto waited = stop_and_come_back(context, round, round >= rounds);
    if (round >= rounds) refused.add(waited);
  }
  return fmt::format("{} rounds with a lease set to the past, {} with the lease waited for{}", rounds, real,
                     real > 0 ? fmt::format(" (taken over after {:.1f} s)", refused.max_ms() / 1000) : "");
}

std::string two_at_once(Context& context) {
  const int rounds = context.amount(12, 4);
  int killed = 0;
  int helped = 0;
  for (int round = 0; round < rounds; ++round) {
    Stage stage(context, round, 20'000 + context.random.between(0, 99), 25);
    // In every other round the run exists already when both begin.
    if (round % 2 == 1) {
      const auto begun = stage.project.run();
      await_progress(*begun, stage.sql);
      begun->kill();
    }
    const int workers = some_workers(stage.sql, context.random);
    const auto one = stage.project.run(workers_option(workers));
    if (context.random.chance(0.5)) one->wait_for(context.random.moment(Microseconds(60'000)));
    const auto two = stage.project.run(workers_option(some_workers(stage.sql, context.random)));
    if (context.random.chance(0.7) && await_progress(*one, stage.sql) && one->kill()) {
      ++killed;
      context.count_kill(workers);
    } else {
      must_end_well(*one);
    }
    must_end_well(*two);
    // Both may have seen no run and tried to begin one: one of them was refused.
    if (look_at_run(stage.sql).state != "succeeded") must_end_with(*stage.project.run(), 0, "the next one");
    if (two->whole_output().find("is helped by this process") != std::string::npos) ++helped;
    check_complete(stage.sql, stage.table);
  }
  return fmt::format("{} rounds, {} times one of them killed, {} times the second said that it helps", rounds, killed,
                     helped);
}

std::string interrupted(Context& context) {
  int once = 0;
  int twice = 0;
  int at_start = 0;
  const int rounds = context.amount(8, 2);
  for (int round = 0; round < rounds; ++round) {
    Stage stage(context, round, 10'000 + context.random.between(0, 99), 25,
                round % 2 == 0 ? Where::kNone : Where::kUndone);
    for (int starts = 0;; ++starts) {
      const auto process = stage.project.run();
      if (starts >= 6) {
        must_end_with(*process, 0, "weir run");
        break;
      }
      const bool early = context.random.chance(0.2);
      if (!early) await_progress(*process, stage.sql);
      process->wait_for(context.random.moment(Microseconds(100'000)));
      const bool again = context.random.chance(0.4);
      process->signal(SIGINT);
      if (again) process->signal(SIGINT);
      const int code = process->wait();
      if (code == 0) break;
      // Before it has installed its handlers it dies of the signal, and has done nothing yet.
      if (early && code == 128 + SIGINT) {
        ++at_start;
        continue;
      }
      if (code != kInterrupted) throw Failure(fmt::format("Ctrl-C: ended with {}:\n{}", code, process->output()));
      const auto state = look_at_run(stage.sql).state;
      if (!again && state != "paused") throw Failure("after Ctrl-C the run is " + state);
      ++(again ? twice : once);
    }
    check_complete(stage.sql, stage.table);
  }
  return fmt::format("{} times once (paused), {} times twice, {} before the start, {} completions", once, twice,
                     at_start, rounds);
}

}  // namespace weir::crash
