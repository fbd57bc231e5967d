// What the server or the client library reports -> weir::Error, from one table of error numbers. Values of rows, which
// many messages quote ("Duplicate entry 'x' for key"), are taken out.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "engines/mysql/libmariadb.hpp"

namespace weir::engines::mysql {

// One failure as it was reported.
struct Failure {
  unsigned number = 0;
  std::string sqlstate;
  std::string message;
};

Failure failure_of(MYSQL* connection);
Failure failure_of(MYSQL_STMT* statement);

// `sql` is the text that was sent; with it the Error carries sql_offset() where the server names the place.
Error to_error(const Failure& failure, std::string_view sql);
// The error of a connection that could not be opened.
Error connect_error(const Failure& failure);

// The fence of a batch was hit (batch.cpp): a sum that has no room in its type.
bool is_out_of_range(const Failure& failure);
// The server has changed the statement's tables so much that it has to be prepared anew.
bool is_stale_statement(const Failure& failure);

}  // namespace weir::engines::mysql
