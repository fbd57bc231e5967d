// What PostgreSQL reports -> weir::Error, from one table of SQLSTATEs. Messages are the server's primary message only:
// DETAIL and CONTEXT hold values of rows, which weir never prints.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.hpp"
#include "engines/postgres/libpq.hpp"

namespace weir::engines::postgres {

// The error of a failed result; a null result or one without SQLSTATE on a dead connection is kConnectionLost.
// `sql` is the text that was sent; with it the Error carries sql_offset(), without it none.
Error error_of(const PGconn* connection, const PGresult* result, std::string_view sql);

// The error of a connection that could not be opened. `verbose_message` is libpq's at PQERRORS_VERBOSE.
Error connect_error(std::string_view verbose_message);

// True when the server refuses a prepared statement because its result's types changed by DDL; preparing it anew helps.
bool is_stale_plan(const PGresult* result);

// The byte offset of the `position`-th character (from 1) of UTF-8 text.
std::size_t byte_offset(std::string_view text, std::size_t position);

// The same error without sql_offset().
Error without_offset(const Error& error);

}  // namespace weir::engines::postgres
