// How MySQL and MariaDB read SQL text, in the sql_mode that weir's sessions have (connect.hpp).
#pragma once

#include "sql/dialect.hpp"

namespace weir::engines::mysql {

const sql::Dialect& dialect();

}  // namespace weir::engines::mysql
