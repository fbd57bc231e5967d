// sqlx: raw SQL, alone or in pairs of files; `-- no-transaction` at the very beginning.
// Source: github.com/launchbadge/sqlx, sqlx-core/src/migrate/source.rs
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"

namespace weir::project::formats {

Sections read_sqlx(const SourceText& source, const sql::Dialect& dialect) {
  FileSection section = whole_file(source, dialect);
  section.transaction = !source.text.starts_with("-- no-transaction");
  return one(std::move(section));
}

}  // namespace weir::project::formats
