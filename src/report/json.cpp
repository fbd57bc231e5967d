#include "report/json.hpp"

#include <nlohmann/json.hpp>

namespace weir::report {
namespace {

using nlohmann::ordered_json;

ordered_json document() { return {{"schema", 1}}; }

std::string dump(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

template <typename T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json time_or_null(const std::optional<EpochMs>& time) {
  return time ? ordered_json(to_iso8601(*time)) : ordered_json(nullptr);
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json(nullptr) : ordered_json(text); }

void add_progress(ordered_json& json, const RunStatus& status) {
  json["rows_done"] = status.run.rows_done;
  json["rows_total"] = or_null(status.run.rows_total);
  json["percent"] = or_null(status.percent());
  json["residual"] = or_null(status.run.residual);
  json["rate"] = or_null(status.rate);
  json["eta_seconds"] = or_null(status.eta_seconds);
  json["workers"] = status.workers;
}

ordered_json migration_json(const MigrationStatus& migration) {
  ordered_json json;
  json["version"] = migration.version.text();
  json["name"] = migration.name;
  json["kind"] = project::to_string(migration.kind);
  json["change"] = text_or_null(migration.change);
  json["state"] = migration.state;
  json["applied_at"] = time_or_null(migration.applied_at);
  json["waits_for"] = migration.waits_for;
  if (migration.undoing) json["undoing"] = true;
  json["statements_done"] = migration.statements_done;
  json["statements_total"] = migration.statements_total;
  if (migration.run) add_progress(json, *migration.run);
  return json;
}

ordered_json run_json(const RunStatus& status) {
  ordered_json json;
  json["version"] = status.run.id.version.text();
  json["name"] = status.run.name;
  json["attempt"] = status.run.id.attempt;
  json["state"] = to_string(status.run.state);
  json["table"] = status.run.table;
  json["pass"] = status.run.pass;
  json["batch_rows"] = or_null(status.run.batch_rows);
  json["batches"] = status.batches;
  add_progress(json, status);
  json["worker"] = text_or_null(status.worker);
  json["workers_wanted"] = or_null(status.run.workers);
  json["max_rate"] = or_null(status.run.max_rate);
  json["slices"] = status.slices;
  json["slices_done"] = status.slices_done;
  json["quarantined"] = status.quarantined;
  json["error"] = text_or_null(status.run.error);
  json["actor"] = status.run.actor;
  json["created_at"] = to_iso8601(status.run.created_at);
  json["started_at"] = time_or_null(status.run.started_at);
  json["finished_at"] = time_or_null(status.run.finished_at);
  return json;
}

ordered_json versions(const std::vector<const MigrationStatus*>& migrations) {
  ordered_json list = ordered_json::array();
  for (const auto* migration : migrations)
    list.push_back({{"version", migration->version.text()}, {"state", migration->state}});
  return list;
}

std::string_view action_name(migrate::Action action) {
  switch (action) {
    case migrate::Action::kNothing: return "nothing";
    case migrate::Action::kApply: return "apply";
    case migrate::Action::kContinue: return "continue";
    case migrate::Action::kRunInline: return "run-inline";
    case migrate::Action::kEnqueue: return "enqueue";
    case migrate::Action::kAlreadyQueued: return "already-queued";
    case migrate::Action::kNeedsParameters: return "needs-parameters";
    case migrate::Action::kWait: return "wait";
  }
  return "";
}

ordered_json step_json(const migrate::StepResult& result) {
  const auto& migration = *result.step.migration;
  ordered_json json;
  json["version"] = migration.version.text();
  json["name"] = migration.name;
  json["kind"] = project::to_string(migration.kind);
  json["action"] = action_name(result.step.action);
  json["row_program"] = migration.has_row_program();
  json["late"] = result.step.late;
  json["elapsed_ms"] = result.elapsed.count();
  json["rows"] = result.rows;
  json["rows_total"] = or_null(result.rows_total);
  json["waits_for"] = ordered_json::array();
  for (const auto& blocker : result.step.blockers) {
    json["waits_for"].push_back({{"version", blocker.migration->version.text()},
                                 {"name", blocker.migration->name},
                                 {"reason", blocker.reason},
                                 {"gate", blocker.is_gate}});
  }
  return json;
}

ordered_json steps_json(const std::vector<migrate::StepResult>& results) {
  ordered_json steps = ordered_json::array();
  for (const auto& result : results) steps.push_back(step_json(result));
  return steps;
}

}  // namespace

std::string to_json(const RunStatus& status) {
  ordered_json json = document();
  json["run"] = run_json(status);
  return dump(json);
}

std::string to_json(const Watched& watched) {
  ordered_json json = document();
  json["runs"] = ordered_json::array();
  for (const auto& run : watched.runs) {
    ordered_json one = run_json(run.status);
    one["slices_held"] = ordered_json::array();
    for (const auto& slice : run.slices) {
      one["slices_held"].push_back({{"ordinal", slice.ordinal},
                                    {"worker", slice.worker},
                                    {"lives", slice.lives},
                                    {"rows_done", slice.rows_done},
                                    {"batches", slice.batches},
                                    {"since_batch_ms", slice.since_batch.count()}});
    }
    json["runs"].push_back(one);
  }
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string to_json(const Status& status) {
  ordered_json json = document();
  json["engine"] = status.engine;
  json["database"] = status.database;
  json["migrations"] = ordered_json::array();
  for (const auto& migration : status.migrations) json["migrations"].push_back(migration_json(migration));
  json["changes"] = ordered_json::array();
  json["repeatables"] = ordered_json::array();
  for (const auto& one : status.repeatables) {
    json["repeatables"].push_back(
        {{"name", one.name},
         {"state", one.state},
         {"applied_at", one.applied_at ? ordered_json(to_iso8601(*one.applied_at)) : nullptr}});
  }
  for (const auto& change : status.changes()) {
    json["changes"].push_back({{"name", change.name},
                               {"expand", versions(change.expand)},
                               {"data", versions(change.data)},
                               {"contract", versions(change.contract)}});
  }
  json["runs"] = ordered_json::array();
  for (const auto& run : status.runs) json["runs"].push_back(run_json(run));
  json["lock"] = nullptr;
  if (status.lock) {
    json["lock"] = {
        {"holder", status.lock->description},
        {"since", status.lock->since == 0 ? ordered_json(nullptr) : ordered_json(to_iso8601(status.lock->since))}};
  }
  if (status.unfinished) {
    json["dirty"] = status.unfinished->version.text();
    json["problems"] = {{{"kind", status.unfinished->kind},
                         {"version", status.unfinished->version.text()},
                         {"message", status.unfinished->message},
                         {"hint", status.unfinished->hint}}};
  }
  return dump(json);
}

std::string to_json(const migrate::DeployOutcome& outcome, bool dry_run) {
  ordered_json json = document();
  json["dry_run"] = dry_run;
  json["steps"] = steps_json(outcome.results);
  json["discrepancies"] = ordered_json::array();
  for (const auto& found : outcome.discrepancies) {
    const bool changed = found.kind == migrate::Discrepancy::Kind::kChanged;
    json["discrepancies"].push_back({{"version", found.entry.version.text()},
                                     {"name", found.entry.name},
                                     {"kind", changed ? "changed" : "missing"}});
  }
  return dump(json);
}

std::string baseline_to_json(const std::vector<const project::Migration*>& marked) {
  ordered_json json = document();
  json["marked"] = ordered_json::array();
  for (const auto* one : marked) json["marked"].push_back({{"version", one->version.text()}, {"name", one->name}});
  return dump(json);
}

std::string to_json(const std::vector<migrate::RolledBack>& rolled_back) {
  ordered_json json = document();
  json["rolled_back"] = ordered_json::array();
  for (const auto& one : rolled_back) {
    ordered_json reopened = ordered_json::array();
    for (const auto* data : one.reopened) reopened.push_back(data->version.text());
    json["rolled_back"].push_back({{"version", one.migration->version.text()},
                                   {"name", one.migration->name},
                                   {"elapsed_ms", one.elapsed.count()},
                                   {"nothing_to_undo", one.nothing_to_undo},
                                   {"reopened", reopened}});
  }
  return dump(json);
}

std::string to_json(const std::vector<migrate::Verification>& verifications) {
  ordered_json json = document();
  bool clean = true;
  ordered_json results = ordered_json::array();
  for (const auto& one : verifications) {
    clean = clean && one.clean();
    results.push_back(
        {{"version", one.migration->version.text()},
         {"name", one.migration->name},
         {"kind", project::to_string(one.migration->kind)},
         {"residual", or_null(one.residual)},
         {"violations", or_null(one.violations)},
         {"closed_by", one.closed_by == nullptr ? ordered_json(nullptr) : ordered_json(one.closed_by->name)}});
  }
  json["clean"] = clean;
  json["results"] = results;
  return dump(json);
}

std::string to_json(const project::Migration& migration, const backfill::RunOutcome& outcome) {
  ordered_json json = document();
  json["run"] = {{"version", migration.version.text()},
                 {"name", migration.name},
                 {"attempt", outcome.attempt},
                 {"state", to_string(outcome.state)},
                 {"already_complete", outcome.already_complete},
                 {"rows_done", outcome.rows_done},
                 {"rows_here", outcome.rows_here},
                 {"passes", outcome.passes},
                 {"residual", outcome.state == ledger::RunState::kSucceeded ? ordered_json(outcome.residual)
                                                                            : ordered_json(nullptr)},
                 {"violations", or_null(outcome.violations)},
                 {"elapsed_ms", outcome.elapsed.count()}};
  return dump(json);
}

std::string to_json(const backfill::UndoOutcome& outcome) {
  ordered_json json = document();
  ordered_json others = ordered_json::array();
  for (const auto& row : outcome.others) {
    others.push_back({{"key", ordered_json::parse(db::encode_key(row.key), nullptr, false)},
                      {"state", row.gone ? "gone" : "changed"}});
  }
  json["undo"] = {{"version", outcome.run.version.text()},
                  {"name", outcome.name},
                  {"attempt", outcome.run.attempt},
                  {"complete", outcome.complete},
                  {"rows_restored", outcome.restored},
                  {"rows_changed", outcome.changed},
                  {"rows_gone", outcome.gone},
                  {"rows_left", outcome.left},
                  {"others", others},
                  {"others_truncated", outcome.changed + outcome.gone > std::ssize(outcome.others)},
                  {"runs_left", outcome.runs_left}};
  return dump(json);
}

std::string discarded_to_json(const std::string& name, const std::vector<ledger::ImageSet>& discarded) {
  ordered_json json = document();
  json["discarded"] = ordered_json::array();
  for (const auto& set : discarded)
    json["discarded"].push_back({{"version", set.run.version.text()}, {"name", name}, {"attempt", set.run.attempt}});
  return dump(json);
}

std::string created_to_json(const std::vector<std::string>& files) {
  ordered_json json = document();
  json["created"] = files;
  return dump(json);
}

std::string to_json(const Error& error, const std::vector<migrate::StepResult>& done) {
  ordered_json json = document();
  ordered_json& body = json["error"];
  body["code"] = to_string(error.code());
  body["message"] = error.message();
  body["hint"] = text_or_null(error.hint());
  const auto& place = error.place();
  body["file"] = place ? text_or_null(place->file) : ordered_json(nullptr);
  body["line"] = place && place->line > 0 ? ordered_json(place->line) : ordered_json(nullptr);
  body["column"] = place && place->column > 0 ? ordered_json(place->column) : ordered_json(nullptr);
  body["sqlstate"] = text_or_null(error.facts().sqlstate);
  if (!done.empty()) json["steps"] = steps_json(done);
  return dump(json);
}

}  // namespace weir::report
