// The scenarios, one file each.
#pragma once

#include "crash/migration.hpp"

namespace weir::crash {

std::string run_killed(Context& context);

}  // namespace weir::crash
