// Trying the rows again that a run has set aside.
#pragma once

#include "backfill/parameters.hpp"
#include "backfill/row_program.hpp"
#include "base/stop.hpp"
#include "db/database.hpp"
#include "ledger/quarantine.hpp"
#include "project/migration.hpp"

namespace weir::backfill {

struct Retried {
  std::int64_t processed = 0;
  std::int64_t failed = 0;     // again, for the reason that stands in the ledger now
  std::int64_t elsewhere = 0;  // another process processed them, or an operator took them out, in the same moment
  std::int64_t left = 0;       // not tried: asked to stop
};

// `row_program`: of a migration that has one; it computes a row outside of its transaction.
// Each row in a transaction of its own, which takes it out of quarantine and counts it for the run: also two at once
// process it once. A row that was deleted meanwhile, or does not match `where` any more, counts as processed.
// Errors: kRunHeld while a worker executes the run; kDefinitionChanged when the file names another table or key than
// the run walked; as prepare_program(), compile_batch() and open_images(); kIllegalTransition when the run is cancelled
// or undone meanwhile; kUsage without the row program; transient ones of the database.
Retried retry_quarantine(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger,
                         const project::Migration& migration, const ledger::Run& run, const StopToken& stop,
                         RowProgram* row_program = nullptr);

}  // namespace weir::backfill
