// COPY ... FROM stdin with the data in the same text, as pg_dump writes it.
#pragma once

#include <string_view>

#include "engines/postgres/handles.hpp"

namespace weir::engines::postgres {

class Connection;

// A statement's text taken apart; for everything but COPY with data, `command` is the whole text.
struct CopyText {
  std::string_view command;
  std::string_view data;  // whole lines, without the final `\.`
};

CopyText split_copy(std::string_view sql);

// Streams `data` after the server has answered a COPY with PGRES_COPY_IN.
// Errors: as the server classifies them, with the line of the data.
ResultHandle copy_in(Connection& connection, std::string_view data);

// Ends a COPY ... TO stdout that the server has begun. Errors: kNotAvailable, always.
[[noreturn]] void refuse_copy_out(Connection& connection);

}  // namespace weir::engines::postgres
