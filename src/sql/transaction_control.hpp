#pragma once

#include <string_view>

#include "sql/dialect.hpp"

namespace weir::sql {

// Whether a statement begins or ends a transaction: BEGIN, START TRANSACTION, COMMIT, ROLLBACK, PREPARE TRANSACTION,
// ... (not COMMIT PREPARED, which ends another one). weir begins and ends its transactions itself.
bool controls_transaction(std::string_view statement, const Dialect& dialect);

}  // namespace weir::sql
