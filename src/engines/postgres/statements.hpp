// What PostgreSQL refuses inside a transaction block.
#pragma once

#include <string_view>

namespace weir::engines::postgres {

// Decides by the words of the statement, never by what stands in names, strings or comments. What the text does not
// tell (REINDEX of a partitioned table, CALL of a procedure that commits) counts as true; the server answers 25001.
bool runs_in_transaction(std::string_view statement);

}  // namespace weir::engines::postgres
