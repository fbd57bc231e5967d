// Repeatable migrations as they were applied last.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "project/migration.hpp"

namespace weir::ledger {

struct Repeatable {
  std::string name;
  std::string checksum;
  std::string applied_text;
  EpochMs applied_at = 0;
  std::string actor;
};

// By name.
std::vector<Repeatable> read_repeatables(Ledger& ledger);
void record_repeatable(Ledger& ledger, const project::Migration& migration, Milliseconds duration,
                       const std::string& actor);

}  // namespace weir::ledger
