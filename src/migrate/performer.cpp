#include "migrate/performer.hpp"

#include <fmt/format.h>
#include <utility>

#include "backfill/enqueue.hpp"
#include "base/error.hpp"
#include "migrate/tables.hpp"

namespace weir::migrate {
namespace {

using project::Migration;

// The newest attempt that the decision was based on.
std::int64_t latest_attempt(const Decider& decider, const Migration& migration) {
  const auto* run = decider.latest_run(migration.version);
  return run == nullptr ? 0 : run->id.attempt;
}

// A worker takes the text that is in the queue: not one that was corrected since, as long as nothing was done with it.
// What an operator paused stays so. Returns the state of the run.
std::string renew_queued(const ApplyContext& context, const Migration& migration, const ledger::Run& run) {
  std::string state(to_string(run.state));
  if (run.checksum == migration.checksum) return state;
  const bool waits = run.state == ledger::RunState::kQueued || run.state == ledger::RunState::kFailed;
  if (waits && backfill::replace_unbegun(context.database, context.ledger, migration, run, {}, context.actor)) {
    context.observer.on_note(fmt::format("{}: queued anew, because its file has changed", migration.label()));
    return std::string(to_string(ledger::RunState::kQueued));
  }
  context.observer.on_note(
      fmt::format("{} changed since run {} #{} began, which keeps its text: weir run {} --continue, or --restart",
                  migration.file, run.name, run.id.attempt, run.name));
  return state;
}

}  // namespace

void Performer::perform(const Step& step, const Decider& decider) {
  constexpr std::size_t kMostTogether = 32;
  const bool plain = step.action == Action::kApply && !step.migration->repeatable;
  if (plain && may_be_together(context_, *step.migration)) {
    together_.push_back(step);
    if (together_.size() >= kMostTogether) apply_the_waiting();
    return;
  }
  apply_the_waiting();
  // The first write of a journal takes along what was deferred.
  if (!plain || is_transactional(context_.database, step.migration->all(project::SectionKind::kUp)))
    context_.deferred.flush(context_.ledger);
  on_result_(perform_alone(step, decider));
}

void Performer::catch_up() {
  apply_the_waiting();
  context_.deferred.flush(context_.ledger);
}

void Performer::apply_the_waiting() {
  const auto steps = std::exchange(together_, {});
  if (steps.empty()) return;
  if (context_.database.capabilities().transactional_ddl) context_.deferred.flush(context_.ledger);
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

StepResult Performer::perform_alone(const Step& step, const Decider& decider) {
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
      result.rows_total = backfill::enqueue(context_.database, context_.ledger, migration, {},
                                            latest_attempt(decider, migration), context_.actor);
      break;
    case Action::kAlreadyQueued: {
      const auto* run = decider.latest_run(migration.version);
      result.rows_total = run->rows_total;
      result.run_state = renew_queued(context_, migration, *run);
      break;
    }
  }
  return result;
}

Gates Performer::gates_of(const Migration& migration) const {
  Gates gates;
  for (const auto* required : timeline_.required_by(migration)) {
    if (required->kind == project::Kind::kData) gates.push_back(required);
  }
  return gates;
}

// A transaction that has been open longer than a statement of ours waits for its lock: named before anything starts.
void Performer::name_long_holders(const Migration& migration) {
  const auto tables = tables_touched(migration, context_.database.dialect());
  if (!tables || !context_.database.capabilities().server_sessions || !has_old_transactions()) return;
  for (const auto& table : *tables) {
    for (const auto& holder : context_.ledger.connection().holders_of(context_.database.dialect().quote(table))) {
      if (!holder.age || *holder.age < context_.config.lock_timeout) continue;
      context_.observer.on_note(fmt::format("{} may have to wait for {}", migration.label(), describe(holder)));
    }
  }
}

bool Performer::has_old_transactions() {
  constexpr Milliseconds kLookAgain{1000};
  const auto now = context_.clock.now();
  if (!looked_ || now - *looked_ >= kLookAgain) {
    looked_ = now;
    const auto age = context_.ledger.connection().oldest_transaction();
    old_transactions_ = age && *age + kLookAgain >= context_.config.lock_timeout;
  }
  return old_transactions_;
}

void Performer::run_inline(const Migration& migration, StepResult& result) {
  backfill::Observer quiet;
  backfill::RunRequest request{migration,     {}, false, backfill::OnChange::kRefuse, backfill::Start::kContinue,
                               context_.actor};
  request.row_program = backfill::find_program(&row_programs_, migration);
  const auto outcome = backfill::Runner(context_.database, context_.clock, context_.stop, quiet).run(request);
  // Paused, cancelled, or left to a worker elsewhere: what depends on it must not be applied now.
  if (outcome.state != ledger::RunState::kSucceeded)
    throw Error(Code::kInterrupted, fmt::format("stopped; {} is {}", migration.name, to_string(outcome.state)))
        .hint("`weir migrate` goes on from where it stopped");
  result.rows = outcome.rows_done;
  result.elapsed = outcome.elapsed;
}

}  // namespace weir::migrate
