// The first batch that changes rows is looked at before it is committed: a change that does not make `where` false
// would be applied again and again.
#pragma once

#include "backfill/program.hpp"

namespace weir::backfill {

// Runs one batch with its checkpoint like BatchProgram::run(), without the look-ahead. Returns the rows changed.
// Errors: as BatchProgram::run(); kResidualDoesNotShrink, and nothing changed, when every changed row still matches
// `where`.
std::int64_t run_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                             const db::BatchSource& source, Lower lower, const db::Bindings& bindings);

}  // namespace weir::backfill
