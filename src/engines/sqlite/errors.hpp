// SQLite result codes -> weir::Error: the one table of this engine.
#pragma once

#include <sqlite3.h>

#include "base/error.hpp"

namespace weir::engines::sqlite {

// The last error of `database` as a weir::Error.
// Source: https://www.sqlite.org/rescode.html
Error make_error(sqlite3* database);

}  // namespace weir::engines::sqlite
