// The ledger's tables on PostgreSQL. They are created in the session's current schema.
#pragma once

#include <string>
#include <vector>

namespace weir::engines::postgres {

std::vector<std::string> ledger_schema();

}  // namespace weir::engines::postgres
