#include "backfill/undo_run.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "ledger/history.hpp"

namespace weir::backfill {
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

// ... and so does what goes on, or may, on the strength of it: it would complete although this is undone.
void refuse_unfinished_dependents(ledger::Ledger& ledger, const project::Timeline& timeline, const ledger::Run& run) {
  const project::Migration* migration = timeline.by_version(run.id.version);
  if (migration == nullptr) return;
  for (const auto* dependent : timeline.dependents_of(*migration)) {
    const auto latest = ledger::read_latest_run(ledger, dependent->version);
    if (!latest || ledger::is_final(latest->state)) continue;
    throw Error(Code::kGateClosed, fmt::format("{} requires {} and has a run that is {}", dependent->name, run.name,
                                               to_string(latest->state)))
        .hint(fmt::format("first: weir cancel {}; nothing was restored", dependent->name));
  }
}

}  // namespace

UndoOutcome undo_run(const db::Database& database, ledger::Ledger& ledger, const project::Timeline& timeline,
                     const ledger::Run& run, Clock& clock, const StopToken& stop, Observer& observer,
                     const std::string& actor) {
  Undo undo(database, clock, stop, observer, run, actor);
  {
    // A deploy must not pass a gate that closes here.
    const auto attempt = database.try_deploy_lock(actor);
    if (!attempt.lock) throw Error(Code::kDeployLockHeld, "a deploy is going on").hint("undo again when it has ended");
    refuse_applied_dependents(ledger, timeline, run);
    refuse_unfinished_dependents(ledger, timeline, run);
    undo.begin();
  }
  return undo.execute();
}

}  // namespace weir::backfill
