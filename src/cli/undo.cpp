#include "adopt/files.hpp"
#include "backfill/control.hpp"
#include "backfill/undo_run.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

int discard(const Context& context, ledger::Ledger& ledger, const ledger::Run& run) {
  const auto discarded = backfill::discard_images(ledger, run, context.actor);
  context.print(context.global.json ? report::discarded_to_json(run.name, discarded)
                                    : report::discarded_to_text(run.name, discarded));
  return 0;
}

}  // namespace

int run_command(const Context& context, const UndoOptions& options) {
  const auto database = context.open_existing_database();
  const auto connection = database->connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open_existing(*database, *connection);
  const auto run = backfill::find_run(ledger, options.name);
  if (options.discard) return discard(context, ledger, run);
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  ProgressView progress(context.global.json);
  const auto outcome =
      backfill::undo_run(*database, ledger, timeline, run, context.clock, context.stop, progress, context.actor);
  progress.finish();
  context.print(context.global.json ? report::to_json(outcome) : report::to_text(outcome, context.colour));
  return outcome.complete ? 0 : exit_code(Code::kInterrupted);
}

}  // namespace weir::cli
