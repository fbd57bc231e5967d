// Database::dump_schema() for MySQL and MariaDB, from SHOW CREATE: no program is needed.
#pragma once

#include <vector>

#include "db/schema_dump.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::mysql {

class Connection;

// Of the connection's database. Errors: kPrivilege when the text of a routine is hidden.
db::SchemaDump dump_schema(Connection& connection, const std::vector<sql::TableName>& ledger);

}  // namespace weir::engines::mysql
