#include "migrate/deployer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "adopt/adoption.hpp"
#include "base/error.hpp"
#include "ledger/repeatables.hpp"
#include "migrate/deploy_lock.hpp"
#include "migrate/facts.hpp"
#include "migrate/performer.hpp"

namespace weir::migrate {
namespace {

using project::Migration;

// Looks at data when everything that was decided on before has been done.
class UpToDateFacts final : public Facts {
 public:
  UpToDateFacts(Facts& facts, Performer& performer) : facts_(facts), performer_(performer) {}
  bool is_small(const Migration& migration) override {
    performer_.catch_up();
    return facts_.is_small(migration);
  }
  Completeness completeness(const Migration& migration) override {
    performer_.catch_up();
    return facts_.completeness(migration);
  }

 private:
  Facts& facts_;
  Performer& performer_;
};

bool completes(Action action) {
  return action == Action::kApply || action == Action::kContinue || action == Action::kRunInline;
}

// Refused before the first statement, whatever can be refused from the text and the history alone.
void check_pending(const project::Timeline& timeline, const std::vector<ledger::Entry>& history,
                   const sql::Dialect& dialect, const project::Config& config,
                   std::optional<project::Config::OutOfOrder> policy) {
  for (const auto& entry : history) {
    if (entry.state != ledger::EntryState::kUndoing) continue;
    throw Error(Code::kHalfUndone,
                fmt::format("{} {} is half rolled back: {} of {} statements of its migrate:down are done",
                            entry.version.text(), entry.name, entry.statements_done, entry.statements_total))
        .hint("`weir rollback` completes that; then it can be applied again");
  }
  const auto out_of_order = policy.value_or(config.out_of_order);
  for (const auto& migration : timeline.migrations()) {
    const auto* entry = ledger::find_entry(history, migration.version);
    const bool applied = entry != nullptr && entry->state == ledger::EntryState::kApplied;
    if (applied) continue;
    if (migration.kind == project::Kind::kSchema) check_statements(migration, dialect);
    const bool late = entry == nullptr && !history.empty() && migration.version < history.back().version;
    if (!late || out_of_order == project::Config::OutOfOrder::kApply) continue;
    throw Error(Code::kOutOfOrder, fmt::format("{} is older than {} {}, which is applied", migration.label(),
                                               history.back().version.text(), history.back().name))
        .at({migration.file, 0, 0, ""})
        .hint("give it a new version, or set out_of_order = \"apply\" in weir.toml; nothing was applied");
  }
  for (const auto& migration : timeline.repeatables()) check_statements(migration, dialect);
}

std::vector<const Migration*> changed_repeatables(const project::Timeline& timeline, ledger::Ledger* ledger) {
  std::vector<const Migration*> changed;
  if (timeline.repeatables().empty()) return changed;
  const auto known = ledger ? ledger::read_repeatables(*ledger) : std::vector<ledger::Repeatable>();
  for (const auto& migration : timeline.repeatables()) {
    const bool same = std::any_of(known.begin(), known.end(), [&](const auto& one) {
      return one.name == migration.name && one.checksum == migration.checksum;
    });
    if (!same) changed.push_back(&migration);
  }
  return changed;
}

DeployOutcome simulate(const db::Database& database, const project::Config& config, const project::Timeline& timeline,
                       DeployObserver& observer, const backfill::RowPrograms& row_programs) {
  const auto connection = database.exists() ? database.connect(db::Purpose::kRead) : nullptr;
  auto ledger = connection ? ledger::Ledger::open(database, *connection) : std::nullopt;
  DatabaseFacts facts(database, connection.get(), ledger ? &*ledger : nullptr, timeline, config.inline_rows,
                      &row_programs);
  DeployOutcome outcome;
  if (connection) adopt::check_in_step(config, timeline, database, *connection, ledger ? &*ledger : nullptr);
  auto snapshot = ledger ? ledger::read_snapshot(*ledger) : ledger::Snapshot{};
  check_pending(timeline, snapshot.history, database.dialect(), config, std::nullopt);
  outcome.discrepancies = find_discrepancies(timeline, snapshot.history);
  Decider decider(timeline, std::move(snapshot), database.dialect(), facts, Deed::kPretended);
  while (const auto step = decider.next()) {
    if (step->action == Action::kNothing) continue;
    if (completes(step->action)) decider.mark_done();
    outcome.results.emplace_back().step = *step;
    observer.on_result(outcome.results.back());
  }
  for (const auto* migration : changed_repeatables(timeline, ledger ? &*ledger : nullptr)) {
    outcome.results.emplace_back().step = decider.repeatable_step(*migration);
    observer.on_result(outcome.results.back());
  }
  return outcome;
}

}  // namespace

std::size_t DeployOutcome::count(Action action) const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [&](const auto& r) { return r.step.action == action; }));
}

std::vector<Discrepancy> find_discrepancies(const project::Timeline& timeline,
                                            const std::vector<ledger::Entry>& history) {
  std::vector<Discrepancy> found;
  for (const auto& entry : history) {
    const Migration* migration = timeline.by_version(entry.version);
    if (migration == nullptr) {
      found.push_back({Discrepancy::Kind::kMissing, entry, nullptr});
    } else if (entry.state == ledger::EntryState::kApplied && entry.checksum != migration->checksum) {
      found.push_back({Discrepancy::Kind::kChanged, entry, migration});
    }
  }
  return found;
}

DeployOutcome deploy(const db::Database& database, const project::Config& config, const project::Timeline& timeline,
                     Clock& clock, const StopToken& stop, DeployObserver& observer, const DeployOptions& options) {
  if (options.dry_run) return simulate(database, config, timeline, observer, options.row_programs);
  if (timeline.migrations().empty() && timeline.repeatables().empty() && !database.exists()) return {};
  const auto connection = database.connect(db::Purpose::kControl);
  DeployOutcome outcome;
  // Nothing to do is found out without the lock: a deploy with nothing to do never queues behind one that works.
  if (auto ledger = ledger::Ledger::open(database, *connection)) {
    adopt::check_in_step(config, timeline, database, *connection, &*ledger);
    const auto history = ledger::read_history(*ledger);
    if (!has_pending(timeline, history) && options.resolutions.empty() &&
        changed_repeatables(timeline, &*ledger).empty()) {
      outcome.discrepancies = find_discrepancies(timeline, history);
      return outcome;
    }
  } else if (timeline.migrations().empty() && timeline.repeatables().empty()) {
    return outcome;
  }
  const auto locks =
      take_deploy_locks(database, *connection, adopt::former_tool(config), clock, stop, options.lock_wait,
                        options.actor, [&](const std::string& text) { observer.on_note(text); });
  auto ledger = ledger::Ledger::open_or_create(database, *connection);
  adopt::check_in_step(config, timeline, database, *connection, &ledger);
  const auto snapshot_after = [&] {
    db::Transaction transaction(*connection);
    std::vector<std::string> said;
    for (const auto& resolution : options.resolutions)
      said.push_back(resolve(ledger, timeline, database.dialect(), resolution, options.actor));
    auto snapshot = ledger::read_snapshot(ledger);
    check_pending(timeline, snapshot.history, database.dialect(), config, options.out_of_order);
    transaction.commit();
    for (const auto& text : said) observer.on_note(text);
    return snapshot;
  };
  auto snapshot = snapshot_after();
  outcome.discrepancies = find_discrepancies(timeline, snapshot.history);
  Executor executor(database, config, clock, stop, observer);
  const auto former = adopt::FormerHistory::open(config, timeline, database.dialect(), *connection);
  DeferredRecord deferred;
  const ApplyContext context{database, config,   ledger,   clock,         stop,
                             observer, executor, deferred, options.actor, former ? &*former : nullptr};
  Performer performer(context, timeline, options.row_programs, [&](StepResult result) {
    outcome.results.push_back(std::move(result));
    observer.on_result(outcome.results.back());
  });
  DatabaseFacts database_facts(database, connection.get(), &ledger, timeline, config.inline_rows,
                               &options.row_programs);
  UpToDateFacts facts(database_facts, performer);
  Decider decider(timeline, std::move(snapshot), database.dialect(), facts);
  // Of two deployers at one migration the ledger's row lets one through, whatever became of the lock.
  constexpr Milliseconds kLookAtLock{1000};
  auto lock_seen = clock.now();
  const auto perform = [&](const Step& step) {
    if (stop.requested())
      throw Error(Code::kInterrupted, "stopped between two migrations")
          .hint("`weir migrate` goes on with the next one");
    if (const auto now = clock.now(); now - lock_seen >= kLookAtLock) {
      lock_seen = now;
      if (!locks.deploy->held())
        throw Error(Code::kConnectionLost, "the deploy lock was lost")
            .hint("another deployer may be working; `weir status` shows it");
    }
    performer.perform(step, decider);
  };
  try {
    while (const auto step = decider.next()) {
      if (step->action == Action::kNothing) continue;
      perform(*step);
      if (completes(step->action)) decider.mark_done();
    }
    for (const auto* migration : changed_repeatables(timeline, &ledger)) perform(decider.repeatable_step(*migration));
    performer.catch_up();
  } catch (const Error&) {
    try {
      deferred.flush(ledger);
    } catch (const Error&) {
      // The journal tells the next deploy; what went wrong first is what the user has to know.
    }
    throw;
  }
  return outcome;
}

}  // namespace weir::migrate
