// Executes a data migration: opens or continues its run, walks passes until the residual is 0, verifies, and records
// the result.
#pragma once

#include <optional>
#include <string>
#include <weir/run.hpp>

#include "backfill/observer.hpp"
#include "backfill/parameters.hpp"
#include "backfill/row_program.hpp"
#include "base/stop.hpp"
#include "db/database.hpp"
#include "ledger/runs.hpp"
#include "project/migration.hpp"

namespace weir::backfill {

// Of one process.
inline constexpr int kMostWorkers = 64;

using weir::OnChange;
using weir::OnScan;
using weir::RunOutcome;
using weir::Start;

// What becomes of a run whose last worker is asked to stop.
enum class OnStop { kPause, kRequeue };

struct RunRequest {
  const project::Migration& migration;
  ParameterValues parameters;
  bool parameters_given = false;
  OnChange on_change = OnChange::kRefuse;
  Start start = Start::kContinue;
  std::string actor;
  int workers = 1;  // of this process; one where the engine has one writer
  OnStop on_stop = OnStop::kPause;
  OnScan on_scan = OnScan::kRefuse;  // asked only until the first batch is committed
  // Only this attempt, as long as it is queued or running: nothing is begun, cancelled or taken out of a pause.
  std::optional<std::int64_t> joins = std::nullopt;
  // For `migrate:each program:registered`; without it such a migration can be run over an empty table only.
  RowProgram* row_program = nullptr;
};

// Creates a queued run for a worker or operator; nothing is changed yet. Returns the rows it will change, as far as
// they could be counted quickly. `latest`: the attempt that the caller knows of (0: none); nothing happens when there
// is a newer one by now. Errors: as prepare_program().
std::optional<std::int64_t> enqueue(const db::Database& database, ledger::Ledger& ledger,
                                    const project::Migration& migration, const ParameterValues& parameters,
                                    std::int64_t latest, const std::string& actor);

// Whether `run`, the latest of the migration, was its completion and still is: recorded, and no row matches `where`.
bool is_complete(const db::Database& database, ledger::Ledger& ledger, const project::Migration& migration,
                 const ledger::Run& run);

class Runner {
 public:
  Runner(const db::Database& database, Clock& clock, const StopToken& stop, Observer& observer)
      : database_(database), clock_(clock), stop_(stop), observer_(observer) {}

  // Errors: as prepare_program(); kUsage without the row program; kRunHeld; kLeaseLost; kDefinitionChanged;
  // kScansTable; kResidualDoesNotShrink; kVerificationFailed; whatever a batch fails with. The run is `failed` then and
  // goes on from its cursor when it is started again.
  RunOutcome run(const RunRequest& request);

 private:
  const db::Database& database_;
  Clock& clock_;
  const StopToken& stop_;
  Observer& observer_;
};

}  // namespace weir::backfill
