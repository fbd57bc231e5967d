// Where every migration, change and run stands, as values. Built from files and ledger only: it measures nothing and
// writes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adopt/history.hpp"
#include "db/database.hpp"
#include "ledger/history.hpp"
#include "ledger/runs.hpp"
#include "project/timeline.hpp"

namespace weir::report {

// A run as an operator sees it.
struct RunStatus {
  ledger::Run run;
  std::int64_t batches = 0;
  std::int64_t slices = 0, slices_done = 0;  // of this pass
  std::int64_t quarantined = 0;
  int workers = 0;             // that live; 0 for a running run means that its worker died
  std::string worker;          // one of them: "pid 4711 on web-1"
  std::optional<double> rate;  // rows per second since the run started
  std::optional<std::int64_t> eta_seconds;
  std::optional<int> percent() const;  // 0..99 while unfinished, 100 when succeeded
};

RunStatus read_run_status(ledger::Ledger& ledger, const ledger::Run& run);

struct MigrationStatus {
  project::Version version;
  std::string name;
  project::Kind kind = project::Kind::kSchema;
  std::string change;
  bool undoing = false;      // partial: half rolled back, not half applied
  bool row_program = false;  // a C++ program must execute it
  std::string state;  // as in CONTRACTS: pending, applied, waiting, partial, changed, missing, queued, running, ...
  std::optional<EpochMs> applied_at;
  std::vector<std::string> waits_for;  // names
  std::int64_t statements_done = 0;
  std::int64_t statements_total = 0;
  std::optional<RunStatus> run;
};

struct RepeatableStatus {
  std::string name;
  std::string state;  // pending (new or changed), applied, missing (its file is gone)
  std::optional<EpochMs> applied_at;
};

// The three steps of a change.
struct ChangeStatus {
  std::string name;
  std::vector<const MigrationStatus*> expand;  // schema migrations before the first data migration
  std::vector<const MigrationStatus*> data;
  std::vector<const MigrationStatus*> contract;  // schema migrations after it
};

struct Status {
  std::string engine;
  std::string database;  // without secrets
  std::vector<MigrationStatus> migrations;
  std::vector<RepeatableStatus> repeatables;  // by name
  std::vector<RunStatus> runs;
  std::optional<db::LockHolder> lock;
  // In an adopted project: what the former tool began and did not complete.
  std::optional<adopt::Problem> unfinished;
  EpochMs now = 0;
  std::vector<ChangeStatus> changes() const;
};

// `ledger` is empty when the database has none yet.
Status build_status(const db::Database& database, ledger::Ledger* ledger, const project::Timeline& timeline,
                    EpochMs now);

// The same from files, database and ledger as they are now. Errors: as load_timeline(); kInDoubt when a tool whose
// project is not adopted yet is in the middle of a migration.
Status read_status(const db::Database& database, const project::Config& config, EpochMs now);

}  // namespace weir::report
