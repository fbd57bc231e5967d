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

}  // namespace weir::crash
