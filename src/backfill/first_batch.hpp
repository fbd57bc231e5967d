// The first batch that changes rows is looked at before it is committed: a change that does not make `where` false
// would be applied again and again.
#pragma once

#include "backfill/program.hpp"
#include "base/error.hpp"

namespace weir::backfill {

struct FirstBatch {
  std::int64_t rows = 0;  // affected by the last change
  bool proved = false;    // fewer rows match `where` than before
};

// Runs one batch with its checkpoint like BatchProgram::run(), without the look-ahead.
// Errors: as BatchProgram::run(); kResidualDoesNotShrink, and this batch rolled back, when it changed rows and as many
// match as before, three times in a row.
FirstBatch run_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                           const db::BatchSource& source, Lower lower, const db::Bindings& bindings);

// `matching`: rows that matched before the change and match after it.
Error does_not_shrink(const Program& program, std::int64_t matching);

}  // namespace weir::backfill
