// What `weir doctor` says: the engine's own diagnosis, and what weir knows about its ledger, runs and lock.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "db/database.hpp"
#include "project/config.hpp"
#include "report/text.hpp"

namespace weir::report {

struct Examination {
  std::string engine;
  std::vector<db::Diagnosis> checks;  // in the order in which they are shown
  bool has_problem() const;
};

// Reads only, and never waits for a lock. What cannot be examined is a check of its own, not an Error.
Examination examine(const db::Database& database, const project::Config& config, const Clock& clock);

// "problem  invalid-indexes    ..." and below it the remedy.
std::string to_text(const Examination& examination, Colour colour);
std::string to_json(const Examination& examination);

}  // namespace weir::report
