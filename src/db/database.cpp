#include "db/database.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace weir::db {

SchemaDump Database::dump_schema(const std::vector<sql::TableName>&) const {
  throw Error(Code::kNotAvailable, fmt::format("weir cannot dump the schema of {} yet", engine_name()));
}

}  // namespace weir::db
