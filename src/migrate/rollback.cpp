#include "migrate/rollback.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "adopt/adoption.hpp"
#include "base/error.hpp"
#include "migrate/apply.hpp"
#include "migrate/deploy_lock.hpp"

namespace weir::migrate {
namespace {

using project::Kind;
using project::Migration;
using project::SectionKind;

const Migration& file_of(const project::Timeline& timeline, const ledger::Entry& entry) {
  const Migration* migration = timeline.by_version(entry.version);
  if (migration == nullptr) {
    throw Error(Code::kNotFound,
                fmt::format("{} {} is applied, but its file is gone", entry.version.text(), entry.name))
        .hint("bring the file back from version control; nothing was rolled back");
  }
  if (entry.state == ledger::EntryState::kPartial) {
    throw Error(Code::kNotReversible, fmt::format("{} is only half applied ({} of {} statements)", migration->label(),
                                                  entry.statements_done, entry.statements_total))
        .hint("`weir migrate` completes it; then it can be rolled back");
  }
  if (migration->foreign) {
    throw Error(Code::kNotAvailable,
                fmt::format("{} is a program that only {} can undo", migration->label(), migration->former_tool))
        .at({migration->file, 0, 0, ""})
        .hint("nothing was rolled back");
  }
  if (migration->all(SectionKind::kDown).empty()) {
    throw Error(
        Code::kNotReversible,
        migration->former_tool.empty()
            ? fmt::format("{} is irreversible: it has no migrate:down", migration->label())
            : fmt::format("{} is irreversible: {} has no down part for it", migration->label(), migration->former_tool))
        .at({migration->file, 1, 1, ""})
        .hint(fmt::format("add {}, or write a new migration that undoes it; nothing was rolled back",
                          migration->former_tool.empty() ? "a section `-- migrate:down`" : "it"));
  }
  return *migration;
}

// Data migrations that require `migration`, directly or through others, and have left traces in the ledger.
void collect_reopened(const project::Timeline& timeline, const std::vector<ledger::Entry>& history,
                      const std::vector<ledger::Run>& runs, const Migration& migration,
                      std::vector<const Migration*>& reopened) {
  for (const auto* dependent : timeline.dependents_of(migration)) {
    if (dependent->kind != Kind::kData || std::find(reopened.begin(), reopened.end(), dependent) != reopened.end())
      continue;
    const bool recorded = ledger::find_entry(history, dependent->version) != nullptr;
    const auto run =
        std::find_if(runs.rbegin(), runs.rend(), [&](const auto& r) { return r.id.version == dependent->version; });
    const bool unfinished = run != runs.rend() && !ledger::is_final(run->state);
    if (unfinished && ledger::is_active(run->state)) {
      throw Error(Code::kGateClosed,
                  fmt::format("{} requires {} and is {}", dependent->name, migration.name, to_string(run->state)))
          .hint("pause it first (Ctrl-C in its terminal); nothing was rolled back");
    }
    if (recorded || unfinished) reopened.push_back(dependent);
    collect_reopened(timeline, history, runs, *dependent, reopened);
  }
}

void refuse_unless_undoing(const Migration& migration, ledger::Ledger& ledger) {
  const auto entry = ledger::read_entry(ledger, migration.version);
  if (entry && entry->state == ledger::EntryState::kUndoing) return;
  throw Error(Code::kUsage, migration.label() + " is not half rolled back; nothing was done")
      .hint("`weir status` shows what is");
}

bool is_empty(const Migration& migration) {
  const auto down = migration.all(SectionKind::kDown);
  return std::all_of(down.begin(), down.end(), [](const auto* section) { return section->statements.empty(); });
}

}  // namespace

std::vector<RolledBack> plan_rollback(const project::Timeline& timeline, const ledger::Snapshot& snapshot,
                                      const RollbackOptions& options) {
  const auto& history = snapshot.history;
  if (options.to && options.to->text() != "0") {
    if (ledger::find_entry(history, *options.to) == nullptr)
      throw Error(Code::kUsage, fmt::format("version {} is not applied", options.to->text()))
          .hint("--to names an applied version that stays; --to 0 undoes everything");
  }
  std::vector<RolledBack> plan;
  for (auto entry = history.rbegin(); entry != history.rend(); ++entry) {
    if (options.to ? entry->version <= *options.to : static_cast<std::int64_t>(plan.size()) >= options.steps) break;
    if (entry->kind != Kind::kSchema) continue;
    RolledBack one;
    one.migration = &file_of(timeline, *entry);
    one.nothing_to_undo = is_empty(*one.migration);
    collect_reopened(timeline, history, snapshot.runs, *one.migration, one.reopened);
    plan.push_back(std::move(one));
  }
  return plan;
}

std::vector<RolledBack> roll_back(const db::Database& database, const project::Config& config,
                                  const project::Timeline& timeline, Clock& clock, const StopToken& stop,
                                  DeployObserver& observer, const RollbackOptions& options) {
  const auto connection = database.connect(db::Purpose::kControl);
  if (!ledger::Ledger::open(database, *connection)) return {};
  const auto locks =
      take_deploy_locks(database, *connection, adopt::former_tool(config), clock, stop, options.lock_wait,
                        options.actor, [&](const std::string& text) { observer.on_note(text); });
  auto ledger = ledger::Ledger::open_or_create(database, *connection);
  adopt::check_in_step(config, timeline, database, *connection, &ledger);
  // What is said of a statement counts only when the rollback is possible.
  db::Transaction transaction(*connection);
  std::vector<std::string> said;
  for (const auto& one : options.resolutions) {
    refuse_unless_undoing(timeline.find(one.reference), ledger);
    said.push_back(resolve(ledger, timeline, database.dialect(), one, options.actor));
  }
  const auto snapshot = ledger::read_snapshot(ledger);
  auto plan = plan_rollback(timeline, snapshot, options);
  for (const auto& one : plan) check_statements(*one.migration, database.dialect());
  transaction.commit();
  for (const auto& text : said) observer.on_note(text);
  Executor executor(database, config, clock, stop, observer);
  const auto former = adopt::FormerHistory::open(config, timeline, database.dialect(), *connection);
  DeferredRecord deferred;
  const ApplyContext context{database, config,   ledger,   clock,         stop,
                             observer, executor, deferred, options.actor, former ? &*former : nullptr};
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (stop.requested())
      throw Error(Code::kInterrupted,
                  fmt::format("stopped after {} of {} migrations were rolled back", i, plan.size()));
    const auto* entry = ledger::find_entry(snapshot.history, plan[i].migration->version);
    const bool undoing = entry->state == ledger::EntryState::kUndoing;
    plan[i].elapsed = roll_back_migration(context, *plan[i].migration, plan[i].reopened, undoing ? entry : nullptr);
    observer.on_rolled_back(plan[i]);
  }
  return plan;
}

}  // namespace weir::migrate
