// `weir rollback`: undoes applied schema migrations, the last one first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/stop.hpp"
#include "ledger/snapshot.hpp"
#include "migrate/observer.hpp"
#include "migrate/resolve.hpp"
#include "project/config.hpp"
#include "project/timeline.hpp"

namespace weir::migrate {

struct RollbackOptions {
  std::int64_t steps = 1;
  std::optional<project::Version> to;  // everything later is undone; stronger than steps
  Milliseconds lock_wait{300'000};
  std::string actor;
  std::vector<Resolution> resolutions = {};  // of statements of a rollback, carried out before anything else
};

struct RolledBack {
  const project::Migration* migration = nullptr;
  std::vector<const project::Migration*> reopened;  // data migrations that must run again
  bool nothing_to_undo = false;                     // migrate:down is empty
  Milliseconds elapsed{0};
};

// What a rollback would undo, in that order. Pure. Errors: kNotReversible (no down section), kNotFound (applied, file
// gone), kGateClosed (a run that requires it is being executed), kUsage: all before anything is undone.
std::vector<RolledBack> plan_rollback(const project::Timeline& timeline, const ledger::Snapshot& snapshot,
                                      const RollbackOptions& options);

std::vector<RolledBack> roll_back(const db::Database& database, const project::Config& config,
                                  const project::Timeline& timeline, Clock& clock, const StopToken& stop,
                                  DeployObserver& observer, const RollbackOptions& options);

}  // namespace weir::migrate
