#include "report/status.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "adopt/adoption.hpp"
#include "adopt/files.hpp"
#include "backfill/lease.hpp"
#include "ledger/quarantine.hpp"
#include "ledger/repeatables.hpp"
#include "migrate/decide.hpp"

namespace weir::report {
namespace {

using project::Kind;

// Status does not touch the data: what the ledger calls complete counts as complete here, and no table is counted.
class LedgerFacts final : public migrate::Facts {
 public:
  bool is_small(const project::Migration&) override { return false; }
  migrate::Completeness completeness(const project::Migration&) override { return {}; }
};

std::string state_of(const migrate::Step& step, const ledger::Entry* entry, const RunStatus* run) {
  const project::Migration& migration = *step.migration;
  if (entry != nullptr && entry->state != ledger::EntryState::kApplied) return "partial";
  if (run != nullptr && !ledger::is_final(run->run.state)) return std::string(to_string(run->run.state));
  if (entry != nullptr && entry->checksum != migration.checksum) return "changed";
  if (entry != nullptr) return migration.kind == Kind::kData ? "succeeded" : "applied";
  if (run != nullptr) return std::string(to_string(run->run.state));
  return step.action == migrate::Action::kWait ? "waiting" : "pending";
}

MigrationStatus from_step(const migrate::Step& step, const migrate::Decider& decider,
                          const std::vector<RunStatus>& runs) {
  const project::Migration& migration = *step.migration;
  const auto* entry = decider.entry(migration.version);
  const auto run =
      std::find_if(runs.rbegin(), runs.rend(), [&](const auto& r) { return r.run.id.version == migration.version; });
  // A run that ended long ago and was rolled back since says nothing about the present.
  const bool relevant = run != runs.rend() && (entry != nullptr || run->run.state != ledger::RunState::kSucceeded);
  MigrationStatus status;
  status.version = migration.version;
  status.name = migration.name;
  status.kind = migration.kind;
  status.change = migration.change;
  status.row_program = migration.has_row_program();
  status.state = state_of(step, entry, relevant ? &*run : nullptr);
  status.statements_total = migration.statement_count();
  if (entry != nullptr) {
    status.applied_at = entry->applied_at;
    status.statements_done = entry->statements_done;
    status.undoing = entry->state == ledger::EntryState::kUndoing;
    if (status.undoing) status.statements_total = entry->statements_total;
  }
  for (const auto& blocker : step.blockers) status.waits_for.push_back(blocker.migration->name);
  if (relevant) status.run = *run;
  return status;
}

MigrationStatus missing(const ledger::Entry& entry) {
  MigrationStatus status;
  status.version = entry.version;
  status.name = entry.name;
  status.kind = entry.kind;
  status.change = entry.change;
  status.state = "missing";
  status.applied_at = entry.applied_at;
  status.statements_done = entry.statements_done;
  status.statements_total = entry.statements_total;
  return status;
}

std::vector<RepeatableStatus> repeatables_of(ledger::Ledger* ledger, const project::Timeline& timeline) {
  const auto known = ledger != nullptr ? ledger::read_repeatables(*ledger) : std::vector<ledger::Repeatable>();
  std::vector<RepeatableStatus> all;
  for (const auto& migration : timeline.repeatables()) {
    RepeatableStatus status{migration.name, "pending", std::nullopt};
    for (const auto& one : known) {
      if (one.name != migration.name) continue;
      status.applied_at = one.applied_at;
      if (one.checksum == migration.checksum) status.state = "applied";
    }
    all.push_back(std::move(status));
  }
  for (const auto& one : known) {
    const bool here = std::any_of(all.begin(), all.end(), [&](const auto& status) { return status.name == one.name; });
    if (!here) all.push_back({one.name, "missing", one.applied_at});
  }
  return all;
}

}  // namespace

RunStatus read_run_status(ledger::Ledger& ledger, const ledger::Run& run) {
  RunStatus status;
  status.run = run;
  status.quarantined = ledger::count_quarantined(ledger, run.id);
  EpochMs now = run.updated_at, updated = run.updated_at;
  for (const auto& slice : ledger::read_slices(ledger, run.id)) {
    status.batches += slice.batches;
    now = slice.now;
    updated = std::max(updated, slice.updated_at);
    if (slice.ordinal != ledger::kRunItself) ++status.slices;
    if (slice.state == ledger::SliceState::kDone && slice.ordinal != ledger::kRunItself) ++status.slices_done;
    if (!ledger::is_active(run.state) || !backfill::is_held(ledger.connection(), slice, {})) continue;
    ++status.workers;
    if (status.worker.empty())
      status.worker = fmt::format("pid {} on {}", slice.lease->process.pid, slice.lease->process.hostname);
  }
  const EpochMs until = run.finished_at.value_or(status.workers > 0 ? now : updated);
  if (run.started_at && until > *run.started_at && run.rows_done > 0) {
    status.rate = static_cast<double>(run.rows_done) * 1000.0 / static_cast<double>(until - *run.started_at);
  }
  if (status.rate && status.workers > 0 && run.rows_total && *run.rows_total >= run.rows_done) {
    status.eta_seconds = std::llround(static_cast<double>(*run.rows_total - run.rows_done) / *status.rate);
  }
  return status;
}

std::optional<int> RunStatus::percent() const {
  if (run.state == ledger::RunState::kSucceeded) return 100;
  if (!run.rows_total || *run.rows_total <= 0) return std::nullopt;
  return static_cast<int>(std::min<std::int64_t>(99, run.rows_done * 100 / *run.rows_total));
}

std::vector<ChangeStatus> Status::changes() const {
  std::vector<ChangeStatus> changes;
  for (const auto& migration : migrations) {
    if (migration.change.empty()) continue;
    auto found =
        std::find_if(changes.begin(), changes.end(), [&](const auto& c) { return c.name == migration.change; });
    if (found == changes.end()) found = changes.insert(changes.end(), ChangeStatus{migration.change, {}, {}, {}});
    auto& phase = migration.kind == Kind::kData ? found->data : found->data.empty() ? found->expand : found->contract;
    phase.push_back(&migration);
  }
  return changes;
}

Status build_status(const db::Database& database, ledger::Ledger* ledger, const project::Timeline& timeline,
                    EpochMs now) {
  Status status;
  status.engine = std::string(database.engine_name());
  status.database = database.display_url();
  status.now = now;
  status.lock = database.deploy_lock_holder();
  ledger::Snapshot snapshot;
  if (ledger != nullptr) {
    snapshot = ledger::read_snapshot(*ledger);
    for (const auto& run : snapshot.runs) status.runs.push_back(read_run_status(*ledger, run));
  }
  status.repeatables = repeatables_of(ledger, timeline);
  LedgerFacts facts;
  migrate::Decider decider(timeline, snapshot, database.dialect(), facts);
  while (const auto step = decider.next()) status.migrations.push_back(from_step(*step, decider, status.runs));
  for (const auto& entry : snapshot.history) {
    if (timeline.by_version(entry.version) == nullptr) status.migrations.push_back(missing(entry));
  }
  std::stable_sort(status.migrations.begin(), status.migrations.end(),
                   [](const auto& a, const auto& b) { return a.version < b.version; });
  return status;
}

Status read_status(const db::Database& database, const project::Config& config, EpochMs now) {
  const auto connection = database.exists() ? database.connect(db::Purpose::kRead) : nullptr;
  const auto unfinished = connection ? adopt::find_unfinished(config, *connection, database.dialect()) : std::nullopt;
  // Before it is adopted there is nothing of weir to show.
  if (unfinished && !config.adopted) adopt::refuse_unfinished(*unfinished);
  const auto timeline = adopt::load_timeline(config, database.dialect());
  auto ledger = connection ? ledger::Ledger::open(database, *connection) : std::nullopt;
  auto status = build_status(database, ledger ? &*ledger : nullptr, timeline, now);
  status.unfinished = unfinished;
  return status;
}

}  // namespace weir::report
