#pragma once

#include <vector>

#include "db/database.hpp"

namespace weir::engines::sqlite {

// The columns and what they mean: ledger/ledger.hpp.
std::vector<db::LedgerTable> ledger_schema();

}  // namespace weir::engines::sqlite
