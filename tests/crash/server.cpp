// The database server crashes under a run. Where batches are not flushed one by one, some are lost, rows and cursor
// together.
#include <fmt/format.h>

#include "crash/scenarios.hpp"

namespace weir::crash {

std::string server_crashed(Context& context) {
  const int wanted = context.amount(15, 2);
  int crashes = 0;
  int survived = 0;
  int started_again = 0;
  int rounds = 0;
  for (; crashes < wanted; ++rounds) {
    const auto store = context.engine.fresh(context.folder, context.random);
    Sql sql(store->url());
    const Table table =
        create_table(sql, key_type_of_round(rounds), context.amount(40'000, 20'000) + context.random.between(0, 999));
    Project project(context, store->url());
    project.add_data_migration(rounds % 2 == 0 ? Where::kNone : Where::kUndone, 10);
    for (int starts = 0; starts < 10; ++starts) {
      const auto process = project.run();
      int in_this_start = 0;
      while (crashes < wanted && in_this_start < 2 && await(*process, [&] { return look_at_run(sql).batches > 0; }) &&
             !process->wait_for(context.random.moment(Microseconds(1'000'000)))) {
        run_command({context.engine.server_tool(), "restart", context.engine.server_folder().string(), "immediate"},
                    context.folder / "server.log");
        ++crashes;
        ++in_this_start;
      }
      const int code = process->wait();
      if (code == 0) {
        if (in_this_start > 0) ++survived;
        break;
      }
      ++started_again;
      fmt::print("  note: weir run ended with {}: {}", code, process->output());
    }
    check_complete(sql, table);
  }
  return fmt::format("{} crashes, {} completions, {} runs survived by themselves, {} had to be started again", crashes,
                     rounds, survived, started_again);
}

namespace {

// The server writes its log late, so that more is lost.
class LateLog {
 public:
  explicit LateLog(Sql& sql) : sql_(sql) { set("SET wal_writer_delay = '10s'"); }
  ~LateLog() {
    try {
      set("RESET wal_writer_delay");
    } catch (const std::exception& error) {
      fmt::print(stderr, "wal_writer_delay stays: {}\n", error.what());
    }
  }
  LateLog(const LateLog&) = delete;
  LateLog& operator=(const LateLog&) = delete;

 private:
  void set(const std::string& what) {
    sql_.execute("ALTER SYSTEM " + what);
    sql_.rows("SELECT pg_reload_conf()");
  }
  Sql& sql_;
};

// As many rows are changed as the slices say, each once. Returns how many.
std::int64_t check_together(Sql& sql) {
  const RunView run = look_at_run(sql);
  const auto changed = sql.integer("SELECT count(*) FROM t WHERE n = 1");
  const auto wrong = sql.integer("SELECT count(*) FROM t WHERE n NOT IN (0, 1)");
  if (changed != run.rows_done || wrong != 0)
    throw Failure(fmt::format("after the crash {} rows are changed and {} wrong, the ledger counts {}", changed, wrong,
                              run.rows_done));
  return changed;
}

}  // namespace

// Batches commit with synchronous_commit = off. Worker and server die at once, while batches stream: what is lost is
// rows and cursor together.
std::string commits_lost(Context& context) {
  const int rounds = context.amount(16, 3);
  std::int64_t lost = 0;
  int rounds_with_loss = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto store = context.engine.fresh(context.folder, context.random);
    Sql sql(store->url());
    const LateLog late(sql);
    const Table table = create_table(sql, key_type_of_round(round), 20'000 + context.random.between(0, 99));
    Project project(context, store->url());
    project.add_data_migration(round / 4 % 2 == 0 ? Where::kNone : Where::kUndone, 3);
    const int workers = some_workers(sql, context.random);
    const auto process = project.run(workers_option(workers));
    if (!await(*process, [&] { return look_at_run(sql).batches > 20; }))
      throw Failure("weir run ended early:\n" + process->output());
    process->wait_for(context.random.moment(Microseconds(200'000)));
    const std::vector<std::string> crash{context.engine.server_tool(), "restart",
                                         context.engine.server_folder().string(), "immediate"};
    // Which of the two dies first changes from round to round. What was seen last is committed, though not on the disk.
    std::int64_t seen = 0;
    if (round % 2 == 0) {
      process->kill();
      seen = look_at_run(sql).rows_done;
      run_command(crash, context.folder / "server.log");
    } else {
      Process server(crash, context.folder / "server.log");
      server.wait_for(context.random.moment(Microseconds(100'000)));
      process->kill();
      if (server.wait() != 0) throw Failure("the server did not come back:\n" + server.output());
    }
    context.count_kill(workers);
    const auto left = check_together(sql);
    lost += std::max<std::int64_t>(0, seen - left);
    rounds_with_loss += left < seen ? 1 : 0;
    const auto next = project.run(workers_option(workers));
    if (const int code = next->wait(); code != 0)
      throw Failure(fmt::format("weir run ended with {}:\n{}", code, next->output()));
    check_complete(sql, table);
  }
  if (rounds_with_loss == 0) throw Failure("no commit was ever lost: this says nothing");
  return fmt::format("{} crashes of both, in {} of them {} rows were lost with their cursors and done again", rounds,
                     rounds_with_loss, lost);
}

}  // namespace weir::crash
