#include "backfill/undo.hpp"

#include <fmt/format.h>

#include "adopt/files.hpp"
#include "backfill/control.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "ledger/history.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

// What was applied on the strength of this data migration stands first.
void refuse_applied_dependents(ledger::Ledger& ledger, const project::Timeline& timeline, const ledger::Run& run) {
  const project::Migration* migration = timeline.by_version(run.id.version);
  if (migration == nullptr) return;
  const auto history = ledger::read_history(ledger);
  for (const auto* dependent : timeline.dependents_of(*migration)) {
    if (ledger::find_entry(history, dependent->version) == nullptr) continue;
    const bool data = dependent->kind == project::Kind::kData;
    throw Error(Code::kGateClosed,
                fmt::format("{} requires {} and is {}", dependent->name, run.name, data ? "complete" : "applied"))
        .hint(fmt::format("first: weir {} {}; nothing was restored",
                          data ? "undo" : "rollback, until it is not:", dependent->name));
  }
}

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
  auto ledger = ledger::Ledger::open(*database, *connection);
  if (!ledger) throw Error(Code::kNotFound, "this database has no ledger yet").hint("first: weir migrate");
  const auto run = backfill::find_run(*ledger, options.name);
  if (options.discard) return discard(context, *ledger, run);
  ProgressView progress(context.global.json);
  backfill::Undo undo(*database, context.clock, context.stop, progress, run, context.actor);
  {
    // A deploy must not pass a gate that closes here.
    const auto attempt = database->try_deploy_lock(context.actor);
    if (!attempt.lock) throw Error(Code::kDeployLockHeld, "a deploy is going on").hint("undo again when it has ended");
    refuse_applied_dependents(*ledger, adopt::load_timeline(context.config, database->dialect()), run);
    undo.begin();
  }
  const auto outcome = undo.execute();
  progress.finish();
  context.print(context.global.json ? report::to_json(outcome) : report::to_text(outcome, context.colour));
  return outcome.complete ? 0 : exit_code(Code::kInterrupted);
}

}  // namespace weir::cli
