#include <fmt/format.h>

#include "backfill/lease.hpp"
#include "backfill/runner.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/run_control.hpp"
#include "cli/terminal.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

constexpr Milliseconds kLook{1000};
constexpr Milliseconds kPiece{50};  // so that Ctrl-C is seen

// Runs that want a worker, oldest first. The ledger has their text: no file is needed on this host.
std::vector<ledger::Run> find_work(const db::Database& database) {
  const auto connection = database.connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open(database, *connection);
  std::vector<ledger::Run> work;
  if (!ledger) return work;
  for (auto& run : ledger::read_runs(*ledger)) {
    if (run.state == ledger::RunState::kQueued || run.state == ledger::RunState::kRunning)
      work.push_back(std::move(run));
  }
  return work;
}

void execute(const Context& context, const db::Database& database, const ledger::Run& run, int workers) {
  const std::string file = fmt::format("{}_{}.sql", run.id.version.text(), run.name);
  const auto migration =
      project::parse_migration(project::Kind::kData, file, "db/data/" + file, run.definition, database.dialect());
  backfill::RunRequest request{migration,
                               {},
                               false,
                               backfill::OnChange::kRefuse,
                               backfill::Start::kContinue,
                               context.actor,
                               workers,
                               backfill::OnStop::kRequeue};
  ProgressView progress(context.global.json);
  const auto outcome = backfill::Runner(database, context.clock, context.stop, progress).run(request);
  progress.finish();
  if (outcome.state == ledger::RunState::kSucceeded) drop_expired_images(context, database);
  context.print(context.global.json ? report::to_json(migration, outcome)
                                    : report::to_text(migration, outcome, context.colour));
}

}  // namespace

int run_command(const Context& context, const WorkerOptions& options) {
  const auto database = context.open_existing_database();
  bool failed = false;
  while (!context.stop.requested()) {
    const auto work = find_work(*database);
    for (const auto& run : work) {
      if (context.stop.requested()) break;
      try {
        execute(context, *database, run, options.workers);
      } catch (const Error& error) {
        // The run is `failed` and waits for its operator; others need not wait with it.
        failed = true;
        std::fputs(
            (context.global.json ? report::to_json(error) : report::to_text(error, context.error_colour)).c_str(),
            context.global.json ? stdout : stderr);
      }
    }
    if (options.once && (work.empty() || failed)) break;
    for (Milliseconds waited{0}; waited < kLook && !context.stop.requested(); waited += kPiece)
      context.clock.sleep(kPiece);
  }
  return options.once && failed ? 1 : 0;
}

}  // namespace weir::cli
