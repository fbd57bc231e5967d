// How PostgreSQL reads SQL text.
#pragma once

#include "sql/dialect.hpp"

namespace weir::engines::postgres {

const sql::Dialect& dialect();

}  // namespace weir::engines::postgres
