// The ledger's tables on PostgreSQL. They are created in the session's current schema.
#pragma once

#include <vector>

#include "db/database.hpp"

namespace weir::engines::postgres {

std::vector<db::LedgerTable> ledger_schema();

}  // namespace weir::engines::postgres
