// Runs of data migrations: what is executed, its state and its settings. Where it stands: slices.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  std::optional<std::int64_t> batch_rows;  // nothing: it follows the time that batches take
  std::optional<std::int64_t> workers;     // as tuned
  std::optional<std::int64_t> max_rate;    // as tuned
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
struct Definition {
  std::string checksum, text;
  std::optional<std::int64_t> batch_rows;  // as Run::batch_rows
  std::string parameters;                  // as Run::parameters
};
void record_definition(Ledger& ledger, const RunId& id, const Definition& definition);
void record_residual(Ledger& ledger, const RunId& id, std::int64_t residual);

// What an operator may change while a run goes on. Effective within one batch.
struct RunSettings {
  RunState state = RunState::kQueued;
  std::optional<std::int64_t> batch_rows;  // as Run::batch_rows
  std::optional<std::int64_t> workers;     // threads of each process that executes the run; nothing: as it was started
  std::optional<std::int64_t> max_rate;    // Units: rows a second, all workers of all processes together
};
// Nothing when the run is gone.
std::optional<RunSettings> read_settings(Ledger& ledger, const RunId& id);

using weir::Tuning;
void tune_run(Ledger& ledger, const RunId& id, const Tuning& tuning);

}  // namespace weir::ledger
