// `weir migrate`: performs the steps of a Decider one after the other, under the deploy lock.
#pragma once

#include <string>
#include <vector>

#include "backfill/observer.hpp"
#include "backfill/row_program.hpp"
#include "base/stop.hpp"
#include "migrate/decide.hpp"
#include "migrate/observer.hpp"
#include "migrate/resolve.hpp"
#include "migrate/step_result.hpp"
#include "project/config.hpp"

namespace weir::migrate {

struct DeployOptions {
  bool dry_run = false;
  Milliseconds lock_wait{300'000};
  std::string actor;
  std::optional<project::Config::OutOfOrder> out_of_order = std::nullopt;  // stronger than weir.toml
  std::vector<Resolution> resolutions = {};                                // carried out before anything else
  // Row programs by the name of their migration. One that is missing here is left to another process.
  backfill::RowPrograms row_programs = {};
};

// An applied migration whose file is not what was applied.
struct Discrepancy {
  enum class Kind { kChanged, kMissing } kind = Kind::kChanged;
  ledger::Entry entry;
  const project::Migration* migration = nullptr;  // kChanged
};
std::vector<Discrepancy> find_discrepancies(const project::Timeline& timeline,
                                            const std::vector<ledger::Entry>& history);

struct DeployOutcome {
  std::vector<StepResult> results;  // without kNothing
  std::vector<Discrepancy> discrepancies;
  std::size_t count(Action action) const;
};

// Errors: kDeployLockHeld; kOutOfOrder before anything is applied; everything apply_migration() and Runner::run()
// throw, after what came before has been applied and reported; kInterrupted between two steps.
DeployOutcome deploy(const db::Database& database, const project::Config& config, const project::Timeline& timeline,
                     Clock& clock, const StopToken& stop, DeployObserver& observer, const DeployOptions& options);

}  // namespace weir::migrate
