#include "api/values.hpp"

#include <algorithm>

namespace weir {

std::size_t MigrateResult::count(Action action) const {
  return static_cast<std::size_t>(
      std::count_if(steps.begin(), steps.end(), [&](const Step& step) { return step.action == action; }));
}

}  // namespace weir

namespace weir::api {
namespace {

Time to_time(EpochMs time) { return Time(std::chrono::milliseconds(time)); }

std::optional<Time> to_time(const std::optional<EpochMs>& time) {
  return time ? std::optional(to_time(*time)) : std::nullopt;
}

MigrationStatus to_public(const report::MigrationStatus& from) {
  MigrationStatus to;
  to.version = from.version.text();
  to.name = from.name;
  to.kind = from.kind;
  to.change = from.change;
  to.state = from.state;
  to.applied_at = to_time(from.applied_at);
  to.waits_for = from.waits_for;
  to.statements_done = from.statements_done;
  to.statements_total = from.statements_total;
  if (from.run) to.run = api::to_public(*from.run);
  return to;
}

RepeatableStatus to_public(const report::RepeatableStatus& from) {
  return {from.name, from.state, to_time(from.applied_at)};
}

std::vector<std::string> versions_of(const std::vector<const report::MigrationStatus*>& migrations) {
  std::vector<std::string> versions;
  for (const auto* one : migrations) versions.push_back(one->version.text());
  return versions;
}

Discrepancy to_public(const migrate::Discrepancy& from) {
  const bool changed = from.kind == migrate::Discrepancy::Kind::kChanged;
  return {changed ? Discrepancy::Kind::kChanged : Discrepancy::Kind::kMissing, from.entry.version.text(),
          from.entry.name};
}

}  // namespace

RunStatus to_public(const report::RunStatus& from) {
  const ledger::Run& run = from.run;
  RunStatus to;
  to.version = run.id.version.text();
  to.attempt = run.id.attempt;
  to.name = run.name;
  to.table = run.table;
  to.state = run.state;
  to.rows_done = run.rows_done;
  to.rows_total = run.rows_total;
  to.percent = from.percent();
  to.pass = run.pass;
  to.batches = from.batches;
  to.slices = from.slices;
  to.slices_done = from.slices_done;
  to.residual = run.residual;
  to.quarantined = from.quarantined;
  to.workers = from.workers;
  to.worker = from.worker;
  to.rows_per_second = from.rate;
  if (from.eta_seconds) to.left = std::chrono::seconds(*from.eta_seconds);
  to.batch_rows = run.batch_rows;
  to.tuned_workers = run.workers;
  to.max_rate = run.max_rate;
  to.error = run.error;
  to.actor = run.actor;
  to.created_at = to_time(run.created_at);
  to.started_at = to_time(run.started_at);
  to.finished_at = to_time(run.finished_at);
  return to;
}

Status to_public(const report::Status& from) {
  Status to;
  to.engine = from.engine;
  to.database = from.database;
  for (const auto& one : from.migrations) to.migrations.push_back(to_public(one));
  for (const auto& one : from.repeatables) to.repeatables.push_back(to_public(one));
  for (const auto& one : from.changes())
    to.changes.push_back({one.name, versions_of(one.expand), versions_of(one.data), versions_of(one.contract)});
  for (const auto& one : from.runs) to.runs.push_back(to_public(one));
  if (from.lock) {
    to.lock = LockHolder{from.lock->description, {}};
    if (from.lock->since != 0) to.lock->since = to_time(from.lock->since);
  }
  return to;
}

Step to_public(const migrate::StepResult& from) {
  const project::Migration& migration = *from.step.migration;
  Step to;
  to.version = migration.version.text();
  to.name = migration.name;
  to.kind = migration.kind;
  to.action = from.step.action;
  for (const auto& blocker : from.step.blockers) to.blockers.push_back({blocker.migration->name, blocker.reason});
  to.elapsed = from.elapsed;
  to.rows = from.rows;
  to.rows_total = from.rows_total;
  return to;
}

MigrateResult to_public(const migrate::DeployOutcome& from) {
  MigrateResult to;
  for (const auto& one : from.results) to.steps.push_back(to_public(one));
  for (const auto& one : from.discrepancies) to.discrepancies.push_back(to_public(one));
  return to;
}

RolledBack to_public(const migrate::RolledBack& from) {
  RolledBack to;
  to.version = from.migration->version.text();
  to.name = from.migration->name;
  for (const auto* one : from.reopened) to.reopened.push_back(one->name);
  to.nothing_to_undo = from.nothing_to_undo;
  to.elapsed = from.elapsed;
  return to;
}

Verification to_public(const migrate::Verification& from) {
  Verification to;
  to.version = from.migration->version.text();
  to.name = from.migration->name;
  to.residual = from.residual;
  to.violations = from.violations;
  if (from.closed_by != nullptr) to.closed_by = from.closed_by->name;
  return to;
}

UndoOutcome to_public(const backfill::UndoOutcome& from) {
  return {from.complete, from.restored, from.changed, from.gone, from.left};
}

}  // namespace weir::api
