#include "ledger/runs.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::ledger {
namespace {

#define WEIR_RUN_COLUMNS                                                                                         \
  "r.version, r.attempt, r.name, r.state, r.checksum, r.definition, r.table_name, r.key_columns, r.batch_rows, " \
  "r.parameters, "                                                                                               \
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

constexpr const char* kDefinition =
    "UPDATE :weir_runs SET checksum = :checksum, definition = :definition, updated_at_ms = :now WHERE version = "
    ":version AND attempt = "
    ":attempt";
constexpr const char* kResidual =
    "UPDATE :weir_runs SET residual = :rows, updated_at_ms = :now WHERE version = :version AND attempt = :attempt";

constexpr const char* kReadSlice = R"sql(
SELECT ordinal, pass, upper_bound, cursor_key, state, rows_done, batches, lease_token, lease_host, lease_hostname, lease_pid,
       lease_process_start, lease_session, lease_expires_at_ms, updated_at_ms, :now
  FROM :weir_slices
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal)sql";

constexpr const char* kCreateSlice = R"sql(
INSERT INTO :weir_slices (version, attempt, ordinal, pass, state, updated_at_ms)
SELECT :version, :attempt, :ordinal, 0, 'done', :now
 WHERE NOT EXISTS (SELECT 1 FROM :weir_slices WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal))sql";

constexpr const char* kStartPass = R"sql(
UPDATE :weir_slices
   SET pass = :pass, upper_bound = :upper, cursor_key = NULL, state = 'active', updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND lease_token = :token)sql";
constexpr const char* kRunPass =
    "UPDATE :weir_runs SET pass = :pass, updated_at_ms = :now WHERE version = :version AND attempt = :attempt";

constexpr const char* kFinishSlice = R"sql(
UPDATE :weir_slices SET state = 'done', updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND lease_token = :token)sql";

constexpr const char* kClaim = R"sql(
UPDATE :weir_slices
   SET lease_token = :token, lease_host = :host, lease_hostname = :hostname, lease_pid = :pid, lease_process_start = :process_start,
       lease_session = :session, lease_expires_at_ms = :now + :lease, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND coalesce(lease_token, '') = :expected)sql";

constexpr const char* kRelease = R"sql(
UPDATE :weir_slices SET lease_token = NULL, lease_expires_at_ms = NULL, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND lease_token = :token)sql";

// The lease is renewed by the batch itself; only an old cursor is overwritten, in the transaction that did the work.
constexpr const char* kCheckpoint = R"sql(
UPDATE :weir_slices
   SET cursor_key = :weir_cursor, rows_done = rows_done + :weir_rows, batches = batches + 1,
       lease_expires_at_ms = :now + {}, updated_at_ms = :now
 WHERE version = :weir_version AND attempt = :weir_attempt AND ordinal = :weir_ordinal AND lease_token = :weir_token)sql";

std::optional<std::int64_t> optional_integer(const db::Value& value) {
  return db::is_null(value) ? std::nullopt : std::optional(db::as_integer(value));
}

std::optional<db::Row> optional_key(const db::Value& value) {
  return db::is_null(value) ? std::nullopt : std::optional(db::decode_key(db::as_text(value)));
}

db::Value key_or_null(const std::optional<db::Row>& key) { return key ? db::Value(db::encode_key(*key)) : db::Value(); }

db::Bindings of(const RunId& id) { return {{"version", id.version.key()}, {"attempt", id.attempt}}; }

db::Bindings of(const RunId& id, std::int64_t ordinal) {
  return {{"version", id.version.key()}, {"attempt", id.attempt}, {"ordinal", ordinal}};
}

db::Bindings operator+(db::Bindings left, const db::Bindings& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<std::string> decode_names(const std::string& text) {
  std::vector<std::string> names;
  for (const auto& value : db::decode_key(text)) names.push_back(db::as_text(value));
  return names;
}

std::string encode_names(const std::vector<std::string>& names) {
  return db::encode_key(db::Row(names.begin(), names.end()));
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
  run.batch_rows = db::as_integer(row[8]);
  run.parameters = db::as_text(row[9]);
  run.rows_total = optional_integer(row[10]);
  run.pass = db::as_integer(row[11]);
  run.rows_done = db::as_integer(row[12]);
  run.residual = optional_integer(row[13]);
  run.error = db::as_text(row[14]);
  run.actor = db::as_text(row[15]);
  run.created_at = db::as_integer(row[16]);
  run.started_at = optional_integer(row[17]);
  run.finished_at = optional_integer(row[18]);
  run.updated_at = db::as_integer(row[19]);
  return run;
}

Slice to_slice(const db::Row& row) {
  Slice slice;
  slice.ordinal = db::as_integer(row[0]);
  slice.pass = db::as_integer(row[1]);
  slice.upper = optional_key(row[2]);
  slice.cursor = optional_key(row[3]);
  slice.state = db::as_text(row[4]) == "done" ? SliceState::kDone : SliceState::kActive;
  slice.rows_done = db::as_integer(row[5]);
  slice.batches = db::as_integer(row[6]);
  if (!db::is_null(row[7])) {
    const ProcessId process{db::as_text(row[8]), db::as_text(row[9]), static_cast<int>(db::as_integer(row[10])),
                            static_cast<long>(db::as_integer(row[11]))};
    slice.lease = Lease{db::as_text(row[7]), process, db::as_text(row[12]), optional_integer(row[13]).value_or(0)};
  }
  slice.updated_at = db::as_integer(row[14]);
  slice.now = db::as_integer(row[15]);
  return slice;
}

void must_hold_lease(const db::Result& result) {
  if (result.affected != 1)
    throw Error(Code::kLeaseLost, "another worker took this slice over")
        .hint("nothing was lost: `weir status` shows who works on it");
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
                                        {"batch", run.batch_rows},
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
  ledger.execute(kCreateSlice, of(created->id, 0));
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

void record_definition(Ledger& ledger, const RunId& id, const std::string& checksum, const std::string& definition) {
  ledger.execute(kDefinition, of(id) + db::Bindings{{"checksum", checksum}, {"definition", definition}});
}

void record_residual(Ledger& ledger, const RunId& id, std::int64_t residual) {
  ledger.execute(kResidual, of(id) + db::Bindings{{"rows", residual}});
}

std::optional<Slice> read_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal) {
  const auto found = ledger.execute(kReadSlice, of(id, ordinal));
  return found.rows.empty() ? std::nullopt : std::optional(to_slice(found.rows[0]));
}

void start_pass(Ledger& ledger, const RunId& id, std::int64_t ordinal, std::int64_t pass,
                const std::optional<db::Row>& upper, const std::string& token) {
  db::Transaction transaction(ledger.connection());
  must_hold_lease(ledger.execute(
      kStartPass, of(id, ordinal) + db::Bindings{{"pass", pass}, {"upper", key_or_null(upper)}, {"token", token}}));
  ledger.execute(kRunPass, of(id) + db::Bindings{{"pass", pass}});
  transaction.commit();
}

void finish_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token) {
  must_hold_lease(ledger.execute(kFinishSlice, of(id, ordinal) + db::Bindings{{"token", token}}));
}

bool claim_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& expected, const Lease& lease,
                 Milliseconds duration) {
  const auto claimed =
      ledger.execute(kClaim, of(id, ordinal) + db::Bindings{{"token", lease.token},
                                                            {"host", lease.process.host},
                                                            {"hostname", lease.process.hostname},
                                                            {"pid", std::int64_t{lease.process.pid}},
                                                            {"process_start", std::int64_t{lease.process.start_time}},
                                                            {"session", lease.session},
                                                            {"lease", static_cast<std::int64_t>(duration.count())},
                                                            {"expected", expected}});
  return claimed.affected == 1;
}

bool release_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token) {
  return ledger.execute(kRelease, of(id, ordinal) + db::Bindings{{"token", token}}).affected == 1;
}

std::string checkpoint_sql(const Ledger& ledger, Milliseconds lease) {
  return ledger.expand(fmt::format(kCheckpoint, lease.count()));
}

}  // namespace weir::ledger
