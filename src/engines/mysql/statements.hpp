// What MySQL and MariaDB commit by themselves, so that it cannot be a part of a transaction.
#pragma once

#include <string_view>

namespace weir::engines::mysql {

// False for statements with an implicit commit: DDL, account management, table maintenance, LOCK TABLES. CREATE and
// DROP TEMPORARY TABLE have none. What the text does not tell (CALL of a procedure that commits) counts as true.
bool runs_in_transaction(std::string_view statement);

}  // namespace weir::engines::mysql
