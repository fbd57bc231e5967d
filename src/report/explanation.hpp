// What `weir run --explain` shows.
#pragma once

#include <string>

#include "backfill/explanation.hpp"
#include "report/text.hpp"

namespace weir::report {

std::string to_text(const project::Migration& migration, const backfill::Explanation& explanation, Colour colour);
std::string to_json(const project::Migration& migration, const backfill::Explanation& explanation);

}  // namespace weir::report
