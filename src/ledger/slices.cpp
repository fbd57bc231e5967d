#include "ledger/slices.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "ledger/columns.hpp"
#include "ledger/quarantine.hpp"

namespace weir::ledger {
namespace {

#define WEIR_SLICE_COLUMNS                                                                                             \
  "SELECT ordinal, pass, lower_bound, upper_bound, cursor_key, state, rows_done, batches, split_wanted, lease_token, " \
  "lease_host, lease_hostname, lease_pid, lease_process_start, lease_session, lease_expires_at_ms, updated_at_ms, "    \
  ":now FROM :weir_slices WHERE version = :version AND attempt = :attempt "

constexpr const char* kReadAll = WEIR_SLICE_COLUMNS "ORDER BY ordinal";
constexpr const char* kReadOne = WEIR_SLICE_COLUMNS "AND ordinal = :ordinal";
#undef WEIR_SLICE_COLUMNS

constexpr const char* kCountNotDone =
    "SELECT count(*) FROM :weir_slices WHERE version = :version AND attempt = :attempt AND state <> 'done'";
constexpr const char* kSums = R"sql(
SELECT coalesce(sum(rows_done), 0), coalesce(sum(batches), 0) FROM :weir_slices
 WHERE version = :version AND attempt = :attempt)sql";
// What the slices of the pass before have done is counted here from now on.
constexpr const char* kStartPass = R"sql(
UPDATE :weir_slices SET pass = :pass, rows_done = :rows, batches = :batches, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = 0 AND lease_token = :token)sql";
constexpr const char* kRemove =
    "DELETE FROM :weir_slices WHERE version = :version AND attempt = :attempt AND ordinal > 0";
constexpr const char* kRunPass =
    "UPDATE :weir_runs SET pass = :pass, updated_at_ms = :now WHERE version = :version AND attempt = :attempt";
constexpr const char* kInsert = R"sql(
INSERT INTO :weir_slices (version, attempt, ordinal, pass, lower_bound, upper_bound, state, updated_at_ms)
VALUES (:version, :attempt, :ordinal, :pass, :lower, :upper, 'active', :now))sql";

constexpr const char* kCountRows = R"sql(
UPDATE :weir_slices SET rows_done = rows_done + :rows, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = 0)sql";

constexpr const char* kFinish = R"sql(
UPDATE :weir_slices
   SET state = 'done', lease_token = NULL, lease_expires_at_ms = NULL, split_wanted = 0, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND lease_token = :token)sql";

constexpr const char* kShorten = R"sql(
UPDATE :weir_slices SET upper_bound = :middle, split_wanted = 0, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND lease_token = :token)sql";
constexpr const char* kGreatest =
    "SELECT max(ordinal) FROM :weir_slices WHERE version = :version AND attempt = :attempt";
constexpr const char* kWantSplit = R"sql(
UPDATE :weir_slices SET split_wanted = 1
 WHERE version = :version AND attempt = :attempt AND state <> 'done' AND split_wanted = 0 AND ordinal > 0 AND lease_token IS NOT NULL)sql";

// An UPDATE, because that waits for whoever moves the run, on every engine, and looks again then.
constexpr const char* kHoldRun = R"sql(
UPDATE :weir_runs SET claims = claims + 1
 WHERE version = :version AND attempt = :attempt AND state = 'running' AND checksum = :checksum)sql";
// Who read that a slice was free may come when it is done: its lease would stay behind the run. Slice 0 is always done.
constexpr const char* kClaim = R"sql(
UPDATE :weir_slices
   SET lease_token = :token, lease_host = :host, lease_hostname = :hostname, lease_pid = :pid, lease_process_start = :process_start,
       lease_session = :session, lease_expires_at_ms = :now + :lease, split_wanted = 0, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND coalesce(lease_token, '') = :expected
   AND (ordinal = 0 OR state <> 'done'))sql";
constexpr const char* kRelease = R"sql(
UPDATE :weir_slices SET lease_token = NULL, lease_expires_at_ms = NULL, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND ordinal = :ordinal AND lease_token = :token)sql";
constexpr const char* kRenew = R"sql(
UPDATE :weir_slices SET lease_expires_at_ms = :now + :lease
 WHERE version = :version AND attempt = :attempt AND lease_token = :token)sql";
constexpr const char* kRevoke = R"sql(
UPDATE :weir_slices SET lease_token = NULL, lease_expires_at_ms = NULL, updated_at_ms = :now
 WHERE version = :version AND attempt = :attempt AND lease_token IS NOT NULL)sql";

// The lease is renewed by the batch itself; only an old cursor is overwritten, in the transaction that did the work.
constexpr const char* kCheckpoint = R"sql(
UPDATE :weir_slices
   SET cursor_key = :weir_cursor, rows_done = rows_done + :weir_rows, batches = batches + 1,
       lease_expires_at_ms = :now + {}, updated_at_ms = :now
 WHERE version = :weir_version AND attempt = :weir_attempt AND ordinal = :weir_ordinal AND lease_token = :weir_token)sql";

Slice to_slice(const db::Row& row) {
  Slice slice;
  slice.ordinal = db::as_integer(row[0]);
  slice.pass = db::as_integer(row[1]);
  slice.lower = optional_key(row[2]);
  slice.upper = optional_key(row[3]);
  slice.cursor = optional_key(row[4]);
  slice.state = db::as_text(row[5]) == "done" ? SliceState::kDone : SliceState::kActive;
  slice.rows_done = db::as_integer(row[6]);
  slice.batches = db::as_integer(row[7]);
  slice.split_wanted = db::as_integer(row[8]) != 0;
  if (!db::is_null(row[9])) {
    const ProcessId process{db::as_text(row[10]), db::as_text(row[11]), static_cast<int>(db::as_integer(row[12])),
                            static_cast<long>(db::as_integer(row[13]))};
    slice.lease = Lease{db::as_text(row[9]), process, db::as_text(row[14]), optional_integer(row[15]).value_or(0)};
  }
  slice.updated_at = db::as_integer(row[16]);
  slice.now = db::as_integer(row[17]);
  return slice;
}

void must_hold_lease(const db::Result& result) {
  if (result.affected != 1)
    throw Error(Code::kLeaseLost, "another worker took this slice over")
        .hint("nothing was lost: `weir status` shows who works on it");
}

void insert_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, std::int64_t pass, const Bounds& bounds) {
  ledger.execute(kInsert, of(id, ordinal) + db::Bindings{{"pass", pass},
                                                         {"lower", key_or_null(bounds.lower)},
                                                         {"upper", db::encode_key(bounds.upper)}});
}

}  // namespace

std::vector<Slice> read_slices(Ledger& ledger, const RunId& id) {
  std::vector<Slice> slices;
  for (const auto& row : ledger.execute(kReadAll, of(id)).rows) slices.push_back(to_slice(row));
  return slices;
}

std::optional<Slice> read_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal) {
  const auto found = ledger.execute(kReadOne, of(id, ordinal));
  return found.rows.empty() ? std::nullopt : std::optional(to_slice(found.rows[0]));
}

bool all_done(Ledger& ledger, const RunId& id) {
  return db::as_integer(ledger.execute(kCountNotDone, of(id)).rows.at(0).at(0)) == 0;
}

bool start_pass(Ledger& ledger, const RunId& id, std::int64_t pass, const std::vector<Bounds>& slices,
                const std::string& token) {
  db::Transaction transaction(ledger.connection());
  ledger.execute(kRunPass, of(id) + db::Bindings{{"pass", pass}});  // locks the run's row before those of slices
  const auto sums = ledger.execute(kSums, of(id)).rows.at(0);
  must_hold_lease(ledger.execute(kStartPass, of(id) + db::Bindings{{"pass", pass},
                                                                   {"rows", db::as_integer(sums[0])},
                                                                   {"batches", db::as_integer(sums[1])},
                                                                   {"token", token}}));
  if (!all_done(ledger, id)) return false;
  ledger.execute(kRemove, of(id));
  std::int64_t ordinal = kRunItself;
  for (const auto& slice : slices) insert_slice(ledger, id, ++ordinal, pass, slice);
  // What could not be processed is tried anew.
  discard_quarantine(ledger, id);
  sync_point(SyncPoint::kPassBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kPassCommitted);
  return true;
}

void count_rows(Ledger& ledger, const RunId& id, std::int64_t rows) {
  ledger.execute(kCountRows, of(id) + db::Bindings{{"rows", rows}});
}

void finish_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token) {
  sync_point(SyncPoint::kSliceFinishing);
  must_hold_lease(ledger.execute(kFinish, of(id, ordinal) + db::Bindings{{"token", token}}));
  sync_point(SyncPoint::kSliceFinished);
}

bool split_slice(Ledger& ledger, const RunId& id, const Slice& slice, const db::Row& middle, const std::string& token) {
  db::Transaction transaction(ledger.connection());
  must_hold_lease(ledger.execute(
      kShorten, of(id, slice.ordinal) + db::Bindings{{"middle", db::encode_key(middle)}, {"token", token}}));
  const auto greatest = db::as_integer(ledger.execute(kGreatest, of(id)).rows.at(0).at(0));
  try {
    insert_slice(ledger, id, greatest + 1, slice.pass, {middle, slice.upper.value()});
  } catch (const Error& error) {
    if (error.code() == Code::kConstraint) return false;  // two took the same number
    throw;
  }
  sync_point(SyncPoint::kSplitBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kSplitCommitted);
  return true;
}

void request_split(Ledger& ledger, const RunId& id) {
  ledger.execute(kWantSplit, of(id));
  sync_point(SyncPoint::kSplitWanted);
}

bool claim_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& expected, const Lease& lease,
                 Milliseconds duration, const std::string& checksum) {
  sync_point(SyncPoint::kClaimSought);
  db::Transaction transaction(ledger.connection());
  if (ledger.execute(kHoldRun, of(id) + db::Bindings{{"checksum", checksum}}).affected != 1) return false;
  const auto claimed =
      ledger.execute(kClaim, of(id, ordinal) + db::Bindings{{"token", lease.token},
                                                            {"host", lease.process.host},
                                                            {"hostname", lease.process.hostname},
                                                            {"pid", std::int64_t{lease.process.pid}},
                                                            {"process_start", std::int64_t{lease.process.start_time}},
                                                            {"session", lease.session},
                                                            {"lease", static_cast<std::int64_t>(duration.count())},
                                                            {"expected", expected}});
  if (claimed.affected != 1) return false;
  sync_point(SyncPoint::kClaimBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kClaimCommitted);
  return true;
}

bool release_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token) {
  sync_point(SyncPoint::kSliceReleasing);
  const bool released = ledger.execute(kRelease, of(id, ordinal) + db::Bindings{{"token", token}}).affected == 1;
  sync_point(SyncPoint::kSliceReleased);
  return released;
}

bool renew_lease(Ledger& ledger, const RunId& id, const std::string& token, Milliseconds duration) {
  sync_point(SyncPoint::kLeaseRenewing);
  const auto renewed = ledger.execute(
      kRenew, of(id) + db::Bindings{{"token", token}, {"lease", static_cast<std::int64_t>(duration.count())}});
  sync_point(SyncPoint::kLeaseRenewed);
  return renewed.affected == 1;
}

void revoke_leases(Ledger& ledger, const RunId& id) { ledger.execute(kRevoke, of(id)); }

std::string checkpoint_sql(const Ledger& ledger, Milliseconds lease) {
  return ledger.expand(fmt::format(kCheckpoint, lease.count()));
}

}  // namespace weir::ledger
