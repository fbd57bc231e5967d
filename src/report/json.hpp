// The JSON forms of CONTRACTS: fields are added, never renamed. Every document begins with "schema": 1.
#pragma once

#include <string>
#include <vector>

#include "backfill/runner.hpp"
#include "backfill/undo.hpp"
#include "base/error.hpp"
#include "migrate/deployer.hpp"
#include "migrate/rollback.hpp"
#include "migrate/verify.hpp"
#include "report/status.hpp"
#include "report/watch.hpp"

namespace weir::report {

std::string to_json(const RunStatus& status);
// One document in one line.
std::string to_json(const Watched& watched);
std::string to_json(const Status& status);
std::string to_json(const migrate::DeployOutcome& outcome, bool dry_run);
std::string to_json(const std::vector<migrate::RolledBack>& rolled_back);
std::string to_json(const std::vector<migrate::Verification>& verifications);
std::string to_json(const project::Migration& migration, const backfill::RunOutcome& outcome);
std::string to_json(const backfill::UndoOutcome& outcome);
// Runs whose before-images were dropped.
std::string discarded_to_json(const std::string& name, const std::vector<ledger::ImageSet>& discarded);
std::string baseline_to_json(const std::vector<const project::Migration*>& marked);
// For `init` and `new`.
std::string created_to_json(const std::vector<std::string>& files);
// `done`: what was performed before the error; may be empty.
std::string to_json(const Error& error, const std::vector<migrate::StepResult>& done = {});

}  // namespace weir::report
