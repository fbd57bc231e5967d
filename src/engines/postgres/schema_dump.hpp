// Database::dump_schema() for PostgreSQL: pg_dump, made deterministic.
#pragma once

#include <vector>

#include "db/schema_dump.hpp"
#include "engines/postgres/conninfo.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::postgres {

db::SchemaDump dump_schema(const Conninfo& info, const std::vector<sql::TableName>& ledger);

}  // namespace weir::engines::postgres
