// Values as SQL literals, for the text of several statements that travels at once (batch.cpp).
// A literal, unlike a user variable, takes the character set and collation of the column it meets, as a bound value
// does, so plans and comparisons are those of the prepared statement.
#pragma once

#include <string>

#include "db/value.hpp"

namespace weir::engines::mysql {

// Safe in a session whose character set is utf8mb4 and whose sql_mode lacks NO_BACKSLASH_ESCAPES (connect.hpp): no byte
// of a character of several bytes is ever a quotation mark or a backslash there. Bytes are written in hexadecimal.
// Errors: kDataError for text that is not UTF-8 and for numbers that are not finite, which the server cannot hold.
void append_literal(std::string& sql, const db::Value& value);

}  // namespace weir::engines::mysql
