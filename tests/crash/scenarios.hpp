// The scenarios, one file each.
#pragma once

#include "crash/migration.hpp"

namespace weir::crash {

std::string run_killed(Context& context);
std::string commits_cut(Context& context);
std::string anything_cut(Context& context);

}  // namespace weir::crash
