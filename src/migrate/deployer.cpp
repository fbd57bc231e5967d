#include "migrate/deployer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <utility>

#include "adopt/adoption.hpp"
#include "backfill/runner.hpp"
#include "base/error.hpp"
#include "ledger/repeatables.hpp"
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
  using OnResult = std::function<void(StepResult)>;
  Deployer(const ApplyContext& context, const project::Timeline& timeline, OnResult on_result)
      : context_(context), timeline_(timeline), on_result_(std::move(on_result)) {}

  void perform(const Step& step, const Decider& decider) {
    constexpr std::size_t kMostTogether = 64;
    const bool plain = step.action == Action::kApply && !step.migration->repeatable;
    if (plain && may_share_transaction(context_, *step.migration)) {
      together_.push_back(step);
      if (together_.size() >= kMostTogether) catch_up();
      return;
    }
    apply_the_waiting();
    // The first write of a journal takes along what was deferred.
    if (!plain || is_transactional(context_.database, step.migration->all(project::SectionKind::kUp)))
      context_.deferred.flush(context_.ledger);
    on_result_(perform_alone(step, decider));
  }

  // Afterwards everything that was performed is in the database and in the ledger.
  void catch_up() {
    apply_the_waiting();
    context_.deferred.flush(context_.ledger);
  }

 private:
  // Those that share a transaction.
  void apply_the_waiting() {
    const auto steps = std::exchange(together_, {});
    std::vector<Todo> todos;
    for (const auto& step : steps) todos.push_back({step.migration, gates_of(*step.migration)});
    auto next = steps.begin();
    apply_together(context_, todos, [&](const Todo&, Milliseconds elapsed) {
      StepResult result;
      result.step = *next++;
      result.elapsed = elapsed;
      on_result_(std::move(result));
    });
  }

  StepResult perform_alone(const Step& step, const Decider& decider) {
    StepResult result;
    result.step = step;
    const Migration& migration = *step.migration;
    switch (step.action) {
      case Action::kNothing:
      case Action::kNeedsParameters:
      case Action::kWait: break;
      case Action::kApply:
      case Action::kContinue:
        name_long_holders(migration);
        if (migration.repeatable) {
          result.elapsed = apply_repeatable(context_, migration);
          break;
        }
        result.elapsed = apply_migration(context_, {&migration, gates_of(migration)}, decider.entry(migration.version));
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

  Gates gates_of(const Migration& migration) const {
    Gates gates;
    for (const auto* required : timeline_.required_by(migration)) {
      if (required->kind == project::Kind::kData) gates.push_back(required);
    }
    return gates;
  }

  // A transaction that has been open longer than a statement of ours waits for its lock: named before anything starts.
  void name_long_holders(const Migration& migration) {
    const auto tables = tables_touched(migration, context_.database.dialect());
    if (!tables || !context_.database.capabilities().server_sessions || !has_old_transactions()) return;
    for (const auto& table : *tables) {
      for (const auto& holder : context_.ledger.connection().holders_of(context_.database.dialect().quote(table))) {
        if (!holder.age || *holder.age < context_.config.lock_timeout) continue;
        context_.observer.on_note(fmt::format("{} may have to wait for {}", migration.label(), describe(holder)));
      }
    }
  }

  bool has_old_transactions() {
    constexpr Milliseconds kLookAgain{1000};
    const auto now = context_.clock.now();
    if (!looked_ || now - *looked_ >= kLookAgain) {
      looked_ = now;
      const auto age = context_.ledger.connection().oldest_transaction();
      old_transactions_ = age && *age + kLookAgain >= context_.config.lock_timeout;
    }
    return old_transactions_;
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
  OnResult on_result_;
  std::vector<Step> together_;                                   // to be applied in one transaction
  std::optional<std::chrono::steady_clock::time_point> looked_;  // for old transactions
  bool old_transactions_ = false;
};

// Looks at data when everything that was decided on before has been done.
class UpToDateFacts final : public Facts {
 public:
  UpToDateFacts(Facts& facts, Deployer& deployer) : facts_(facts), deployer_(deployer) {}
  bool is_small(const Migration& migration) override {
    deployer_.catch_up();
    return facts_.is_small(migration);
  }
  Completeness completeness(const Migration& migration) override {
    deployer_.catch_up();
    return facts_.completeness(migration);
  }

 private:
  Facts& facts_;
  Deployer& deployer_;
};

bool completes(Action action) {
  return action == Action::kApply || action == Action::kContinue || action == Action::kRunInline;
}

// Refused before the first statement, whatever can be refused from the text and the history alone.
void check_pending(const project::Timeline& timeline, const std::vector<ledger::Entry>& history,
                   const sql::Dialect& dialect, const project::Config& config,
                   std::optional<project::Config::OutOfOrder> policy) {
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
                       DeployObserver& observer) {
  const auto connection = database.exists() ? database.connect(db::Purpose::kRead) : nullptr;
  auto ledger = connection ? ledger::Ledger::open(database, *connection) : std::nullopt;
  DatabaseFacts facts(database, connection.get(), ledger ? &*ledger : nullptr, timeline, config.inline_rows);
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
  if (options.dry_run) return simulate(database, config, timeline, observer);
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
  const auto lock = wait_for_deploy_lock(
      database, clock, stop, options.lock_wait, options.actor,
      [&](const std::string& holder) { observer.on_note("waiting for the deploy lock, held by " + holder); });
  const auto former_lock = wait_for_former_lock(
      database, *connection, adopt::former_tool(config), clock, stop, options.lock_wait, options.actor,
      [&](const std::string& holder) { observer.on_note("waiting for the former tool's lock, held by " + holder); });
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
  Deployer deployer(context, timeline, [&](StepResult result) {
    outcome.results.push_back(std::move(result));
    observer.on_result(outcome.results.back());
  });
  DatabaseFacts database_facts(database, connection.get(), &ledger, timeline, config.inline_rows);
  UpToDateFacts facts(database_facts, deployer);
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
      if (!lock->held())
        throw Error(Code::kConnectionLost, "the deploy lock was lost")
            .hint("another deployer may be working; `weir status` shows it");
    }
    deployer.perform(step, decider);
  };
  try {
    while (const auto step = decider.next()) {
      if (step->action == Action::kNothing) continue;
      perform(*step);
      if (completes(step->action)) decider.mark_done();
    }
    for (const auto* migration : changed_repeatables(timeline, &ledger)) perform(decider.repeatable_step(*migration));
    deployer.catch_up();
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
