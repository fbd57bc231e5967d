// One reader per format, each in the file of its name. Errors: as read_file().
#pragma once

#include "project/formats/format.hpp"

namespace weir::project::formats {

using Sections = std::vector<FileSection>;

Sections read_raw(const SourceText& source, const sql::Dialect& dialect);
Sections read_dbmate(const SourceText& source, const sql::Dialect& dialect);
Sections read_goose(const SourceText& source, const Variables& variables, const sql::Dialect& dialect);
Sections read_golang_migrate(const SourceText& source, const sql::Dialect& dialect);
Sections read_sqlx(const SourceText& source, const sql::Dialect& dialect);
Sections read_tern(const SourceText& source, const Variables& variables, const sql::Dialect& dialect);
Sections read_graphile_migrate(const SourceText& source, const Variables& variables, const sql::Dialect& dialect);
Sections read_atlas(const SourceText& source, const sql::Dialect& dialect);
Sections read_flyway(const SourceText& source, const Variables& variables, const sql::Dialect& dialect);
Sections read_liquibase(const SourceText& source, const Variables& variables, const sql::Dialect& dialect);

}  // namespace weir::project::formats
