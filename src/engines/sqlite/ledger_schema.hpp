#pragma once

#include <string>
#include <vector>

namespace weir::engines::sqlite {

// CREATE TABLE statements of the ledger. The columns and what they mean: ledger/ledger.hpp.
std::vector<std::string> ledger_schema();

}  // namespace weir::engines::sqlite
