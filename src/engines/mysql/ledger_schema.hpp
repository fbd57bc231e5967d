// The ledger's tables on MySQL and MariaDB, in the connection's database. The columns and what they mean:
// ledger/ledger.hpp.
#pragma once

#include <string>
#include <vector>

namespace weir::engines::mysql {

// Each statement can be repeated; weir_meta comes last, because it tells that the ledger is there.
std::vector<std::string> ledger_schema();

}  // namespace weir::engines::mysql
