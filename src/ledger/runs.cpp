#include "ledger/runs.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "ledger/columns.hpp"

namespace weir::ledger {
namespace {

#define WEIR_RUN_COLUMNS                                                                                         \
  "r.version, r.attempt, r.name, r.state, r.checksum, r.definition, r.table_name, r.key_columns, r.batch_rows, " \
  "r.workers, r.max_rate, r.parameters, "                                                                        \
  "r.rows_total, r.pass, "                                                                                       \
  "coalesce((SELECT sum(s.rows_done) FROM :weir_slices s WHERE s.version = r.version AND s.attempt = "           \
  "r.attempt), 0), "                                                                                             \
  "r.residual, r.error, r.actor, r.created_at_ms, r.started_at_ms, r.finished_at_ms, r.updated_at_ms"

constexpr const char* kReadAll = "SELECT " WEIR_RUN_COLUMNS " FROM :weir_runs r ORDER BY r.version, r.attempt";
constexpr const char* kReadLatest =
    "SELECT " WEIR_RUN_COLUMNS " FROM :weir_runs r WHERE r.version = :version ORDER BY r.attempt DESC LIMIT 1";
#undef WEIR_RUN_COLUMNS

constexpr const char* kCreate = R"sql(
INSERT INTO :weir_runs (version, attempt, name, state, checksum, definition, table_name, key_columns, batch_rows, parameters,
                        rows_total, pass, actor, created_at_ms, updated_at_ms)
SELECT :version, :latest + 1, :name, 'queued', :checksum, :definition, :table, :keys, :batch, :parameters,
       :rows_total, 1, :actor, :now, :now
 WHERE (SELECT coalesce(max(attempt), 0) FROM :weir_runs WHERE version = :version) = :latest)sql";

constexpr const char* kMove = R"sql(
UPDATE :weir_runs
   SET state = :to, error = :error, updated_at_ms = :now,
       started_at_ms = CASE WHEN :started = 1 THEN coalesce(started_at_ms, :now) ELSE started_at_ms END,
       finished_at_ms = CASE WHEN :finished = 1 THEN :now ELSE NULL END
 WHERE version = :version AND attempt = :attempt AND state = :from)sql";

constexpr const char* kDefinition = R"sql(
UPDATE :weir_runs
   SET checksum = :checksum, definition = :definition, batch_rows = :batch, parameters = :parameters,
       updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt)sql";
constexpr const char* kResidual =
    "UPDATE :weir_runs SET residual = :rows, updated_at_ms = :now WHERE version = :version AND attempt = :attempt";

// The slice of the run itself.
constexpr const char* kCreateItself = R"sql(
INSERT INTO :weir_slices (version, attempt, ordinal, pass, state, updated_at_ms)
VALUES (:version, :attempt, 0, 0, 'done', :now))sql";

constexpr const char* kSettings =
    "SELECT state, batch_rows, workers, max_rate FROM :weir_runs WHERE version = :version AND attempt = :attempt";
// Nothing given: unchanged. 0: no limit.
constexpr const char* kTune = R"sql(
UPDATE :weir_runs
   SET batch_rows = coalesce(:batch, batch_rows), workers = nullif(coalesce(:workers, workers), 0),
       max_rate = nullif(coalesce(:max_rate, max_rate), 0),
       updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt)sql";

std::optional<std::int64_t> to_batch_rows(const db::Value& value) {
  const std::int64_t rows = db::as_integer(value);
  return rows == Tuning::kFollowsTime ? std::nullopt : std::optional(rows);
}

Run to_run(const db::Row& row) {
  Run run;
  run.id = {project::Version(db::as_text(row[0])), db::as_integer(row[1])};
  run.name = db::as_text(row[2]);
  run.state = parse_run_state(db::as_text(row[3]));
  run.checksum = db::as_text(row[4]);
  run.definition = db::as_text(row[5]);
  run.table = db::as_text(row[6]);
  run.key_columns = decode_names(db::as_text(row[7]));
  run.batch_rows = to_batch_rows(row[8]);
  run.workers = optional_integer(row[9]);
  run.max_rate = optional_integer(row[10]);
  run.parameters = db::as_text(row[11]);
  run.rows_total = optional_integer(row[12]);
  run.pass = db::as_integer(row[13]);
  run.rows_done = db::as_integer(row[14]);
  run.residual = optional_integer(row[15]);
  run.error = db::as_text(row[16]);
  run.actor = db::as_text(row[17]);
  run.created_at = db::as_integer(row[18]);
  run.started_at = optional_integer(row[19]);
  run.finished_at = optional_integer(row[20]);
  run.updated_at = db::as_integer(row[21]);
  return run;
}

}  // namespace

std::vector<Run> read_runs(Ledger& ledger) {
  std::vector<Run> runs;
  for (const auto& row : ledger.execute(kReadAll).rows) runs.push_back(to_run(row));
  return runs;
}

std::optional<Run> read_latest_run(Ledger& ledger, const project::Version& version) {
  const auto found = ledger.execute(kReadLatest, {{"version", version.key()}});
  return found.rows.empty() ? std::nullopt : std::optional(to_run(found.rows[0]));
}

std::optional<Run> create_run(Ledger& ledger, const Run& run, std::int64_t latest) {
  if (!ledger.connection().in_transaction()) throw Error(Code::kInternal, "a run is created in a transaction");
  db::Result inserted;
  try {
    inserted = ledger.execute(kCreate, {{"version", run.id.version.key()},
                                        {"latest", latest},
                                        {"name", run.name},
                                        {"checksum", run.checksum},
                                        {"definition", run.definition},
                                        {"table", run.table},
                                        {"keys", encode_names(run.key_columns)},
                                        {"batch", run.batch_rows.value_or(Tuning::kFollowsTime)},
                                        {"parameters", run.parameters},
                                        {"rows_total", run.rows_total ? db::Value(*run.rows_total) : db::Value()},
                                        {"actor", run.actor}});
  } catch (const Error& error) {
    // Both saw the same latest attempt; the primary key let one of them through.
    if (error.code() != Code::kConstraint) throw;
    throw Error(Code::kRunHeld, "another process began this run in the same moment")
        .hint("`weir status` shows its progress");
  }
  if (inserted.affected != 1) return std::nullopt;
  const auto created = read_latest_run(ledger, run.id.version);
  if (!created) throw Error(Code::kLedgerCorrupt, "a new run cannot be read back");
  ledger.execute(kCreateItself, of(created->id));
  return created;
}

void move_run(Ledger& ledger, const RunId& id, RunState from, RunState to, const std::string& error) {
  if (!may_follow(from, to)) {
    throw Error(Code::kIllegalTransition, fmt::format("a run cannot go from {} to {}", to_string(from), to_string(to)));
  }
  const bool finished = is_final(to) || to == RunState::kFailed;
  const auto moved =
      ledger.execute(kMove, of(id) + db::Bindings{{"from", std::string(to_string(from))},
                                                  {"to", std::string(to_string(to))},
                                                  {"error", error.empty() ? db::Value() : db::Value(error)},
                                                  {"started", std::int64_t{to == RunState::kRunning}},
                                                  {"finished", std::int64_t{finished}}});
  if (moved.affected == 1) return;
  throw Error(Code::kIllegalTransition, fmt::format("the run is not {} any more", to_string(from)))
      .hint("`weir status` shows its state");
}

void record_definition(Ledger& ledger, const RunId& id, const Definition& definition) {
  ledger.execute(kDefinition, of(id) + db::Bindings{{"checksum", definition.checksum},
                                                    {"definition", definition.text},
                                                    {"batch", definition.batch_rows.value_or(Tuning::kFollowsTime)},
                                                    {"parameters", definition.parameters}});
}

void record_residual(Ledger& ledger, const RunId& id, std::int64_t residual) {
  ledger.execute(kResidual, of(id) + db::Bindings{{"rows", residual}});
}

std::optional<RunSettings> read_settings(Ledger& ledger, const RunId& id) {
  const auto found = ledger.execute(kSettings, of(id));
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows[0];
  return RunSettings{parse_run_state(db::as_text(row[0])), to_batch_rows(row[1]), optional_integer(row[2]),
                     optional_integer(row[3])};
}

void tune_run(Ledger& ledger, const RunId& id, const Tuning& tuning) {
  ledger.execute(kTune, of(id) + db::Bindings{{"batch", integer_or_null(tuning.batch_rows)},
                                              {"workers", integer_or_null(tuning.workers)},
                                              {"max_rate", integer_or_null(tuning.max_rate)}});
}

}  // namespace weir::ledger
