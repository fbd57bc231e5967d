// The checkpoint of a batch that is not a db::BatchProgram: a statement of its own in the batch's transaction.
#pragma once

#include "backfill/program.hpp"

namespace weir::backfill {

// Moves the cursor, counts `rows` and renews the lease; bound as ledger::checkpoint_sql() says. `ledger`: over the
// connection that has the transaction. Errors: kLeaseLost.
void write_checkpoint(ledger::Ledger& ledger, db::Bindings bindings, std::int64_t rows);

}  // namespace weir::backfill
