// The ledger's tables on MySQL and MariaDB, in the connection's database. The columns and what they mean:
// ledger/ledger.hpp.
#pragma once

#include <vector>

#include "db/database.hpp"

namespace weir::engines::mysql {

// weir_meta comes last, because it tells that the ledger is there.
std::vector<db::LedgerTable> ledger_schema();

}  // namespace weir::engines::mysql
