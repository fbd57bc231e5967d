// The gate before a data migration that is run by itself; for those of a deploy see Decider.
#pragma once

#include "db/database.hpp"
#include "ledger/ledger.hpp"
#include "project/timeline.hpp"

namespace weir::migrate {

// A data migration runs only when everything it requires is applied and complete, by the ledger and by the data, now
// (invariant 4). Errors: kGateClosed with what it waits for; what the engine says of a query.
void check_gate(const db::Database& database, ledger::Ledger& ledger, const project::Timeline& timeline,
                const project::Migration& migration);

}  // namespace weir::migrate
