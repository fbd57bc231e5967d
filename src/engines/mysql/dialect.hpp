// How MySQL and MariaDB read SQL. The server's default sql_mode is assumed: with ANSI_QUOTES "..." would be a name, and
// with NO_BACKSLASH_ESCAPES a backslash in a string would be plain.
#pragma once

#include "sql/dialect.hpp"

namespace weir::engines::mysql {

// Source: MySQL manual, "Language Structure" and "mysql Client Commands"; client/mysql.cc.
const sql::Dialect& dialect();

// MariaDB differs: /*M! */ is SQL, and compound statements may stand outside stored programs.
const sql::Dialect& mariadb_dialect();

}  // namespace weir::engines::mysql
