// `weir verify`: residual and migrate:verify of everything that is applied, measured now.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "project/timeline.hpp"

namespace weir::migrate {

struct Verification {
  const project::Migration* migration = nullptr;
  std::optional<std::int64_t> residual;    // data migrations with `where`
  std::optional<std::int64_t> violations;  // nothing: no migrate:verify
  // The applied migration that needed this one and removed what could be measured; residual and violations were 0 at
  // its gate.
  const project::Migration* closed_by = nullptr;
  bool clean() const { return residual.value_or(0) == 0 && violations.value_or(0) == 0; }
};

// Of one migration (it must be applied or have been run), or of all applied ones that can be verified.
// Errors: kNotFound; what the engine says of a query.
std::vector<Verification> verify(const db::Database& database, ledger::Ledger& ledger,
                                 const project::Timeline& timeline, const std::optional<std::string>& name);

}  // namespace weir::migrate
