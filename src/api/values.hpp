// The public values of what the layers answer. Pure; one function per type.
#pragma once

#include <weir/migrate.hpp>
#include <weir/run.hpp>
#include <weir/status.hpp>

#include "backfill/undo.hpp"
#include "migrate/deployer.hpp"
#include "migrate/rollback.hpp"
#include "migrate/verify.hpp"
#include "report/status.hpp"

namespace weir::api {

RunStatus to_public(const report::RunStatus& status);
Status to_public(const report::Status& status);
Step to_public(const migrate::StepResult& result);
MigrateResult to_public(const migrate::DeployOutcome& outcome);
RolledBack to_public(const migrate::RolledBack& one);
Verification to_public(const migrate::Verification& verification);
UndoOutcome to_public(const backfill::UndoOutcome& outcome);

template <typename From>
auto to_public(const std::vector<From>& all) {
  std::vector<decltype(to_public(all.front()))> converted;
  converted.reserve(all.size());
  for (const auto& one : all) converted.push_back(to_public(one));
  return converted;
}

}  // namespace weir::api
