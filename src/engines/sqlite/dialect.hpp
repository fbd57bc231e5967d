#pragma once

#include "sql/dialect.hpp"

namespace weir::engines::sqlite {

// How SQLite reads SQL. Source: https://www.sqlite.org/lang.html, tokenize.c
const sql::Dialect& dialect();

}  // namespace weir::engines::sqlite
