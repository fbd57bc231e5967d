#include "migrate/decide.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"

namespace weir::migrate {
namespace {

using project::Kind;
using project::Migration;

bool needs_operator(const Migration& migration) {
  const auto& parameters = migration.data.parameters;
  return std::any_of(parameters.begin(), parameters.end(), [](const auto& p) { return !p.default_value.has_value(); });
}

}  // namespace

bool has_pending(const project::Timeline& timeline, const std::vector<ledger::Entry>& history) {
  if (std::any_of(history.begin(), history.end(),
                  [](const auto& e) { return e.state == ledger::EntryState::kUndoing; }))
    return true;
  return std::any_of(timeline.migrations().begin(), timeline.migrations().end(), [&](const Migration& migration) {
    const auto* entry = ledger::find_entry(history, migration.version);
    return entry == nullptr || entry->state != ledger::EntryState::kApplied;
  });
}

Decider::Decider(const project::Timeline& timeline, ledger::Snapshot snapshot, const sql::Dialect& dialect,
                 Facts& facts, Deed deed)
    : timeline_(timeline),
      history_(std::move(snapshot.history)),
      runs_(std::move(snapshot.runs)),
      dialect_(dialect),
      facts_(facts),
      deed_(deed) {}

const ledger::Entry* Decider::entry(const project::Version& version) const {
  return ledger::find_entry(history_, version);
}

const ledger::Run* Decider::latest_run(const project::Version& version) const {
  const auto found =
      std::find_if(runs_.rbegin(), runs_.rend(), [&](const auto& run) { return run.id.version == version; });
  return found == runs_.rend() ? nullptr : &*found;
}

bool Decider::is_done(const Migration& migration) const {
  if (std::binary_search(done_.begin(), done_.end(), migration.version)) return true;
  const auto* recorded = entry(migration.version);
  // A new run of a complete data migration (--restart, or rows that match again) makes it incomplete until that run
  // succeeds.
  const auto* run = latest_run(migration.version);
  if (run != nullptr && !ledger::is_final(run->state)) return false;
  return recorded != nullptr && recorded->state == ledger::EntryState::kApplied;
}

void Decider::mark_done() { done_.push_back(timeline_.migrations()[at_ - 1].version); }

std::optional<Blocker> Decider::unmet(const Migration& required) {
  const bool is_data = required.kind == Kind::kData;
  if (!is_done(required)) {
    const auto* run = latest_run(required.version);
    const std::string state = run == nullptr || ledger::is_final(run->state) ? (is_data ? "not run" : "not applied")
                                                                             : std::string(to_string(run->state));
    return Blocker{&required, state};
  }
  const bool pretended = deed_ == Deed::kPretended && std::binary_search(done_.begin(), done_.end(), required.version);
  if (!is_data || pretended) return std::nullopt;
  const Completeness complete = facts_.completeness(required);
  if (complete.residual > 0)
    return Blocker{&required, fmt::format("{} rows match its `where` again", human_count(complete.residual))};
  if (complete.violations > 0)
    return Blocker{&required, fmt::format("its migrate:verify counts {} violations", human_count(complete.violations))};
  return std::nullopt;
}

std::vector<Blocker> Decider::blockers_of(const Migration& migration) {
  std::vector<Blocker> blockers;
  for (const auto* required : timeline_.required_by(migration)) {
    if (auto blocker = unmet(*required)) blockers.push_back(std::move(*blocker));
  }
  if (!blockers.empty() || migration.kind == Kind::kData || waiting_.empty()) return blockers;
  const TableSet tables = tables_touched(migration, dialect_);
  for (const auto& [waits, its_tables] : waiting_) {
    if (may_overlap(tables, its_tables))
      blockers.push_back({waits, "waits, and touches the same tables as far as weir can tell", false});
  }
  return blockers;
}

Action Decider::data_action(const Migration& migration) {
  if (needs_operator(migration)) return Action::kNeedsParameters;
  const auto* run = latest_run(migration.version);
  const bool unfinished = run != nullptr && !ledger::is_final(run->state);
  if (unfinished && ledger::is_active(run->state)) return Action::kAlreadyQueued;
  if (facts_.is_small(migration)) return Action::kRunInline;
  return unfinished ? Action::kAlreadyQueued : Action::kEnqueue;
}

Step Decider::repeatable_step(const Migration& migration) {
  Step step{&migration, Action::kApply, {}, false};
  for (const auto* required : timeline_.required_by(migration)) {
    if (auto blocker = unmet(*required)) step.blockers.push_back(std::move(*blocker));
  }
  if (!step.blockers.empty()) step.action = Action::kWait;
  return step;
}

std::optional<Step> Decider::next() {
  if (at_ == timeline_.migrations().size()) return std::nullopt;
  const Migration& migration = timeline_.migrations()[at_++];
  Step step{&migration, Action::kNothing, {}, false};
  if (is_done(migration)) return step;
  const bool again = migration.kind == Kind::kData && entry(migration.version) != nullptr;
  step.late = !again && !history_.empty() && migration.version < history_.back().version;
  step.blockers = blockers_of(migration);
  if (!step.blockers.empty()) {
    step.action = Action::kWait;
    waiting_.emplace_back(&migration, tables_touched(migration, dialect_));
  } else if (migration.kind == Kind::kData) {
    step.action = data_action(migration);
    // On a small table what comes later would see its rows done: on a large one it must wait for that, if it may touch
    // them.
    if (step.action != Action::kRunInline) waiting_.emplace_back(&migration, tables_touched(migration, dialect_));
  } else {
    step.action = entry(migration.version) != nullptr ? Action::kContinue : Action::kApply;
  }
  return step;
}

}  // namespace weir::migrate
