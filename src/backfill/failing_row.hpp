// A row that cannot be processed and is set aside.
#pragma once

#include "backfill/program.hpp"
#include "backfill/session.hpp"
#include "base/error.hpp"
#include "ledger/runs.hpp"

namespace weir::backfill {

struct FailingRow {
  const db::Row& key;
  const Error& error;
};

// "row [17] of users: ..."
Error located(const FailingRow& row, const Program& program);

// Puts the row into quarantine in one transaction with the cursor, which passes it. `bindings`: those of a batch that
// ends with the row. How many are there now. Errors: kErrorBudget when they are more than the file allows; kLeaseLost.
std::int64_t set_aside(const FailingRow& row, const Program& program, const ledger::RunId& run, Session& session,
                       const db::Bindings& bindings, const std::string& actor);

}  // namespace weir::backfill
