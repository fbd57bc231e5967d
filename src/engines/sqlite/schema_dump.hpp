// Database::dump_schema() for SQLite, from sqlite_schema: no program is needed.
#pragma once

#include <vector>

#include "db/schema_dump.hpp"
#include "engines/sqlite/connection.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::sqlite {

db::SchemaDump dump_schema(Connection& connection, const std::vector<sql::TableName>& ledger);

}  // namespace weir::engines::sqlite
