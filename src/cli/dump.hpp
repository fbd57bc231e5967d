// The hook of `weir migrate`.
#pragma once

#include "cli/context.hpp"

namespace weir::cli {

// Writes the schema file when weir.toml wants it ([dump] after_migrate). The migration has succeeded whatever happens
// here: a failure is a warning. Never throws Error.
void dump_after_migrate(const Context& context, const db::Database& database);

}  // namespace weir::cli
