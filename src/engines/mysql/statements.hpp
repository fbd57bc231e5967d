// Which statements commit by themselves.
#pragma once

#include <string>
#include <string_view>

namespace weir::engines::mysql {

// In lower case; empty when the statement begins otherwise.
std::string first_word(std::string_view statement);

// False for what commits the open transaction before or after itself, and for what may hold such a thing (CALL,
// EXECUTE, a compound statement). Decides by the words of the statement, never by what stands in names, strings or
// comments.
bool runs_in_transaction(std::string_view statement);

// Whether a statement says how many rows it changed. A SELECT does not.
bool changes_rows(std::string_view statement);

// SET, USE and their like: what the statements behind it would feel.
bool alters_session(std::string_view statement);

}  // namespace weir::engines::mysql
