#include "migrate/deployer.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/runner.hpp"
#include "base/error.hpp"
#include "ledger/events.hpp"
#include "migrate/apply.hpp"
#include "migrate/deploy_lock.hpp"
#include "migrate/facts.hpp"

namespace weir::migrate {
namespace {

using project::Migration;

// The newest attempt that the decision was based on.
std::int64_t latest_attempt(const Decider& decider, const Migration& migration) {
  const auto* run = decider.latest_run(migration.version);
  return run == nullptr ? 0 : run->id.attempt;
}

class Deployer {
 public:
  Deployer(const ApplyContext& context, const project::Timeline& timeline) : context_(context), timeline_(timeline) {}

  StepResult perform(const Step& step, const Decider& decider) {
    StepResult result;
    result.step = step;
    const Migration& migration = *step.migration;
    switch (step.action) {
      case Action::kNothing:
      case Action::kNeedsParameters:
      case Action::kWait: break;
      case Action::kApply:
      case Action::kContinue:
        result.elapsed = apply_migration(context_, migration, decider.entry(migration.version));
        record_gates(migration);
        break;
      case Action::kRunInline: run_inline(migration, result); break;
      case Action::kEnqueue:
        result.rows_total = backfill::enqueue(context_.database, context_.ledger, migration,
                                              latest_attempt(decider, migration), context_.actor);
        break;
      case Action::kAlreadyQueued: {
        const auto* run = decider.latest_run(migration.version);
        result.rows_total = run->rows_total;
        result.run_state = to_string(run->state);
        break;
      }
    }
    return result;
  }

 private:
  // The gate's evidence stays readable after a contract has dropped what it was measured on.
  void record_gates(const Migration& migration) {
    for (const auto* required : timeline_.required_by(migration)) {
      if (required->kind != project::Kind::kData) continue;
      ledger::record_event(context_.ledger, context_.actor, "gate-passed", required->version, std::nullopt,
                           fmt::format("by {}: residual 0, violations 0", migration.label()));
    }
  }

  void run_inline(const Migration& migration, StepResult& result) {
    backfill::Observer quiet;
    backfill::RunRequest request{migration,     {}, false, backfill::OnChange::kRefuse, backfill::Start::kContinue,
                                 context_.actor};
    const auto outcome = backfill::Runner(context_.database, context_.clock, context_.stop, quiet).run(request);
    if (outcome.state == ledger::RunState::kPaused)
      throw Error(Code::kInterrupted, fmt::format("stopped; {} is paused", migration.name))
          .hint("`weir migrate` goes on from where it stopped");
    result.rows = outcome.rows_done;
    result.elapsed = outcome.elapsed;
  }

  const ApplyContext& context_;
  const project::Timeline& timeline_;
};

bool completes(Action action) {
  return action == Action::kApply || action == Action::kContinue || action == Action::kRunInline;
}

// Everything that can be refused from the text alone is refused before the first statement.
void check_pending(const project::Timeline& timeline, const std::vector<ledger::Entry>& history,
                   const sql::Dialect& dialect) {
  for (const auto& migration : timeline.migrations()) {
    const bool applied = std::any_of(history.begin(), history.end(), [&](const auto& e) {
      return e.version == migration.version && e.state == ledger::EntryState::kApplied;
    });
    if (!applied && migration.kind == project::Kind::kSchema) check_statements(migration, dialect);
  }
}

DeployOutcome simulate(const db::Database& database, const project::Config& config, const project::Timeline& timeline,
                       DeployObserver& observer) {
  const auto connection = database.exists() ? database.connect(db::Purpose::kRead) : nullptr;
  auto ledger = connection ? ledger::Ledger::open(database, *connection) : std::nullopt;
  DatabaseFacts facts(database, connection.get(), ledger ? &*ledger : nullptr, config.inline_rows);
  DeployOutcome outcome;
  auto snapshot = ledger ? ledger::read_snapshot(*ledger) : ledger::Snapshot{};
  check_pending(timeline, snapshot.history, database.dialect());
  outcome.discrepancies = find_discrepancies(timeline, snapshot.history);
  Decider decider(timeline, std::move(snapshot), database.dialect(), facts);
  while (const auto step = decider.next()) {
    if (step->action == Action::kNothing) continue;
    if (completes(step->action)) decider.mark_done();
    outcome.results.emplace_back().step = *step;
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
  if (options.dry_run) return simulate(database, config, timeline, observer);
  if (timeline.migrations().empty() && !database.exists()) return {};
  const auto connection = database.connect(db::Purpose::kControl);
  DeployOutcome outcome;
  // Nothing to do is found out without the lock: a deploy with nothing to do never queues behind one that works.
  if (auto ledger = ledger::Ledger::open(database, *connection)) {
    const auto history = ledger::read_history(*ledger);
    if (!has_pending(timeline, history)) {
      outcome.discrepancies = find_discrepancies(timeline, history);
      return outcome;
    }
  } else if (timeline.migrations().empty()) {
    return outcome;
  }
  const auto lock = wait_for_deploy_lock(
      database, clock, stop, options.lock_wait, options.actor,
      [&](const std::string& holder) { observer.on_note("waiting for the deploy lock, held by " + holder); });
  auto ledger = ledger::Ledger::open_or_create(database, *connection);
  auto snapshot = ledger::read_snapshot(ledger);
  check_pending(timeline, snapshot.history, database.dialect());
  outcome.discrepancies = find_discrepancies(timeline, snapshot.history);
  const ApplyContext context{database, config, ledger, clock, stop, options.actor};
  Deployer deployer(context, timeline);
  DatabaseFacts facts(database, connection.get(), &ledger, config.inline_rows);
  Decider decider(timeline, std::move(snapshot), database.dialect(), facts);
  while (const auto step = decider.next()) {
    if (step->action == Action::kNothing) continue;
    if (stop.requested())
      throw Error(Code::kInterrupted, "stopped between two migrations")
          .hint("`weir migrate` goes on with the next one");
    if (!lock->held())
      throw Error(Code::kConnectionLost, "the deploy lock was lost")
          .hint("another deployer may be working; `weir status` shows it");
    outcome.results.push_back(deployer.perform(*step, decider));
    if (completes(step->action)) decider.mark_done();
    observer.on_result(outcome.results.back());
  }
  return outcome;
}

}  // namespace weir::migrate
