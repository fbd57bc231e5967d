// golang-migrate: raw SQL in pairs of files, NNN_name.up.sql and NNN_name.down.sql.
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"

namespace weir::project::formats {

Sections read_golang_migrate(const SourceText& source, const sql::Dialect& dialect) {
  return one(whole_file(source, dialect));
}

}  // namespace weir::project::formats
