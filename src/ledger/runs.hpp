// Runs of data migrations and their slices: the cursor, the counters and the lease.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "ledger/ledger.hpp"
#include "ledger/run_state.hpp"
#include "project/version.hpp"

namespace weir::ledger {

// A run is named by the migration's version and the number of the attempt, from 1.
struct RunId {
  project::Version version;
  std::int64_t attempt = 0;
};

struct Run {
  RunId id;
  std::string name;
  RunState state = RunState::kQueued;
  std::string checksum;    // of the migration's text when the run was created
  std::string definition;  // that text
  std::string table;       // as shown to people
  std::vector<std::string> key_columns;
  std::int64_t batch_rows = 0;
  std::string parameters;                  // JSON object; never printed
  std::optional<std::int64_t> rows_total;  // estimate
  std::int64_t pass = 1;
  std::int64_t rows_done = 0;  // of all passes
  std::optional<std::int64_t> residual;
  std::string error;
  std::string actor;
  EpochMs created_at = 0;
  std::optional<EpochMs> started_at;
  std::optional<EpochMs> finished_at;
  EpochMs updated_at = 0;
};

struct Lease {
  std::string token;
  ProcessId process;
  std::string session;
  EpochMs expires_at = 0;
};

enum class SliceState { kActive, kDone };

struct Slice {
  std::int64_t ordinal = 0;
  std::int64_t pass = 0;
  std::optional<db::Row> upper;   // inclusive; nothing: the table was empty
  std::optional<db::Row> cursor;  // the last key that is done; nothing: at the beginning
  SliceState state = SliceState::kActive;
  std::int64_t rows_done = 0;
  std::int64_t batches = 0;
  std::optional<Lease> lease;
  EpochMs updated_at = 0;
  EpochMs now = 0;  // the database's clock when the slice was read
};

std::vector<Run> read_runs(Ledger& ledger);  // newest attempt of a version last
std::optional<Run> read_latest_run(Ledger& ledger, const project::Version& version);

// Fields set: version, name, checksum, definition, table, key_columns, batch_rows, parameters, rows_total, actor.
// `latest` is the attempt that the decision to create one was based on (0: none), which the new one follows. The
// caller's transaction holds the run and its slice together. Nothing when a newer attempt exists: the decision must be
// made again. Errors: kRunHeld when another process creates one in this moment.
std::optional<Run> create_run(Ledger& ledger, const Run& run, std::int64_t latest);

// Compare-and-set along the transition table. Errors: kIllegalTransition when the run is in another state by now.
void move_run(Ledger& ledger, const RunId& id, RunState from, RunState to, const std::string& error = "");

// The run goes on with another text of its migration; a deliberate act of the operator.
void record_definition(Ledger& ledger, const RunId& id, const std::string& checksum, const std::string& definition);
void record_residual(Ledger& ledger, const RunId& id, std::int64_t residual);

std::optional<Slice> read_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal);
// Starts pass `pass` of the run: the slice's cursor goes back to the beginning. Guarded by the lease token where the
// slice exists. Errors: kLeaseLost.
void start_pass(Ledger& ledger, const RunId& id, std::int64_t ordinal, std::int64_t pass,
                const std::optional<db::Row>& upper, const std::string& token);
// Errors: kLeaseLost.
void finish_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token);

// Takes the slice if its token is still `expected` (empty: free). False: somebody else was faster. Waits for a batch in
// flight.
bool claim_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& expected, const Lease& lease,
                 Milliseconds duration);
// False: it was not held under `token` any more.
bool release_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token);

// The UPDATE that commits with every batch; see db::BatchSource::checkpoint. Bound: weir_cursor, weir_version,
// weir_attempt, weir_ordinal, weir_token.
std::string checkpoint_sql(const Ledger& ledger, Milliseconds lease);

}  // namespace weir::ledger
