// kill -9 at random moments until a number of kills has happened, with a new database whenever a run completes.
#include <fmt/format.h>

#include "crash/scenarios.hpp"

namespace weir::crash {
namespace {

// A resumed run makes progress within a second; the bound is generous because the machine may be busy.
constexpr auto kResumeBound = std::chrono::seconds(5);
constexpr Microseconds kStartUpTime{120'000};

enum class Moment { kStartUp, kAnywhere, kAfterProgress, kAtTheEnd };

Moment random_moment(Random& random) {
  const auto dice = random.between(1, 10);
  if (dice <= 2) return Moment::kStartUp;
  if (dice <= 6) return Moment::kAnywhere;
  return dice <= 9 ? Moment::kAfterProgress : Moment::kAtTheEnd;
}

class Kills {
 public:
  explicit Kills(Context& context) : context_(context) {}

  std::string scenario(int target) {
    play_round(0);
    for (int round = 0; kills_ < target; ++round) {
      target_ = target;
      play_round(round);
    }
    return fmt::format("{} kills ({} before the first batch, {} in a sweep), {} completions, resumed: {}", kills_,
                       early_kills_, sweep_kills_, completions_, resumed_.text());
  }

 private:
  void play_round(int round) {
    Random& random = context_.random;
    const auto store = context_.engine.fresh(context_.folder, random);
    Sql sql(store->url());
    Table table = create_table(sql, key_type_of_round(round), context_.amount(20'000, 10'000) + random.between(0, 999));
    const Where where = (round / 4) % 2 == 0 ? Where::kNone : Where::kUndone;
    Project project(context_, store->url());
    project.add_data_migration(where, static_cast<int>(random.between(20, 90)));
    const auto begin = Clock::now();
    bool killed_before = false;
    for (int inserted = 0;;) {
      const bool completed = attempt(sql, table, project, killed_before);
      if (completed) break;
      killed_before = true;
      // A row behind the cursor: only a sweep finds it. Not in later passes, whose number is bounded.
      // Nor when it was killed after its last commit: the row would begin a new run.
      const RunView run = look_at_run(sql);
      const bool open = run.state != "succeeded" && run.pass <= 1;
      if (where == Where::kUndone && open && inserted < 5) insert_low_row(sql, table, inserted++);
    }
    if (target_ == 0) expected_ = std::chrono::duration_cast<Microseconds>(Clock::now() - begin);
    check_complete(sql, table);
    ++completions_;
  }

  // One start of weir. True: it ended by itself.
  bool attempt(Sql& sql, const Table& table, const Project& project, bool resumes) {
    const RunView before = look_at_run(sql);
    const int workers = some_workers(sql, context_.random);
    const auto process = project.run(workers_option(workers));
    if (kills_ >= target_) return finish(*process);
    const auto progress = [&] { return look_at_run(sql).batches > before.batches; };
    const auto await_progress = [&] {
      if (await(*process, progress) && resumes) note_resumed(Clock::now() - process->started());
    };
    switch (random_moment(context_.random)) {
      case Moment::kStartUp: process->wait_for(context_.random.moment(kStartUpTime)); break;
      case Moment::kAnywhere: process->wait_for(context_.random.moment(expected_)); break;
      case Moment::kAfterProgress:
        await_progress();
        process->wait_for(context_.random.moment(expected_ / 3));
        break;
      case Moment::kAtTheEnd:
        await_progress();
        await(*process, [&] { return look_at_run(sql).rows_done >= table.rows * 98 / 100; });
        process->wait_for(context_.random.moment(Microseconds(40'000)));
        break;
    }
    if (!process->kill()) return finish(*process);
    ++kills_;
    context_.count_kill(workers);
    const RunView after = look_at_run(sql);
    if (after.batches == before.batches) ++early_kills_;
    if (after.pass > 1) ++sweep_kills_;
    return false;
  }

  bool finish(Process& process) {
    if (const int code = process.wait(); code != 0)
      throw Failure(fmt::format("weir run ended with {}:\n{}", code, process.output()));
    return true;
  }

  void note_resumed(Clock::duration duration) {
    resumed_.add(duration);
    if (duration > kResumeBound)
      throw Failure(fmt::format("after a kill it took {} ms to go on", duration / std::chrono::milliseconds(1)));
  }

  Context& context_;
  int target_ = 0;
  int kills_ = 0;
  int early_kills_ = 0;
  int sweep_kills_ = 0;
  int completions_ = 0;
  Microseconds expected_{1'000'000};  // of a run that is left alone
  Durations resumed_;
};

}  // namespace

std::string run_killed(Context& context) { return Kills(context).scenario(context.amount(context.options.kills, 20)); }

}  // namespace weir::crash
