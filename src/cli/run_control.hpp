// What the commands that control a run have in common.
#pragma once

#include <functional>

#include "backfill/control.hpp"
#include "cli/context.hpp"

namespace weir::cli {

// Finds the run in the ledger (no file is needed), lets `act` do something to it and prints how it stands then. Returns
// it. Errors: kNotFound.
ledger::Run control_run(const Context& context, const std::string& name,
                        const std::function<ledger::Run(ledger::Ledger&, const ledger::Run&)>& act);

// After a run has succeeded: drops the old values that are older than `keep_days`. What fails here is only said.
void drop_expired_images(const Context& context, const db::Database& database);

}  // namespace weir::cli
