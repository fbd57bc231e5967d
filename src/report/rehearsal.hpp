// What `weir run --dry-run` shows.
#pragma once

#include <string>

#include "backfill/rehearsal.hpp"
#include "report/text.hpp"

namespace weir::report {

// For each batch what was changed and how long it took, and rows of it before and after.
std::string to_text(const project::Migration& migration, const backfill::Rehearsal& rehearsal, Colour colour);
std::string to_json(const project::Migration& migration, const backfill::Rehearsal& rehearsal);

}  // namespace weir::report
