// The first batch that changes rows is looked at before it is committed: a change that does not make `where` false
// would be applied again and again.
#pragma once

#include <chrono>
#include <functional>

#include "backfill/program.hpp"

namespace weir::backfill {

struct FirstBatch {
  std::int64_t rows = 0;                // affected by the last change
  std::chrono::microseconds locked{0};  // how long its rows were
  bool proved = false;                  // some rows that matched `where` do not any more
};

// Rows that others insert, or undo, in this moment may look like rows that the change left as they were: a batch is
// accused only when `attempt` (one transaction) throws kResidualDoesNotShrink three times in a row.
FirstBatch judge(const std::function<FirstBatch()>& attempt);

// Runs one batch with its checkpoint like BatchProgram::run(), without the look-ahead.
// Errors: as BatchProgram::run(); kResidualDoesNotShrink, and this batch rolled back, when it changed rows and
// those that matched before match still, three times in a row.
FirstBatch run_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                           const db::BatchSource& source, Lower lower, const db::Bindings& bindings);

}  // namespace weir::backfill
