#pragma once

#include <string_view>

namespace weir::engines::sqlite {

// False for what SQLite refuses inside a transaction (VACUUM, ATTACH, DETACH) and for the PRAGMAs that silently do
// nothing there. Source: https://www.sqlite.org/pragma.html#pragma_foreign_keys
bool runs_in_transaction(std::string_view statement);

}  // namespace weir::engines::sqlite
