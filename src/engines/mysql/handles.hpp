// The library's objects as owners that free themselves.
#pragma once

#include <memory>

#include "engines/mysql/libmariadb.hpp"

namespace weir::engines::mysql {

struct HandleDeleter {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
  void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};

using ConnectionHandle = std::unique_ptr<MYSQL, HandleDeleter>;
using ResultHandle = std::unique_ptr<MYSQL_RES, HandleDeleter>;
using StatementHandle = std::unique_ptr<MYSQL_STMT, HandleDeleter>;

}  // namespace weir::engines::mysql
