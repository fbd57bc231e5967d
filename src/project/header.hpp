// The `-- key: value` lines before the first section.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "project/migration.hpp"

namespace weir::project {

struct HeaderLine {
  std::string key;
  std::string value;
  Place key_place;
  Place value_place;
};

// Reads a line comment as a header line. Nothing when it is an ordinary comment: a header is one word directly followed
// by a colon and a blank. Errors: kInvalidFile for a word that is nearly a key (`Requires:`, `wher:`).
std::optional<HeaderLine> read_header_line(std::string_view comment, const Place& place, Kind kind);

// The header key that a line comment begins with (`requires` for `--  Requires: x`); "" for any other comment. For
// comments at places where a header line has no effect.
std::string_view header_key_of(std::string_view comment);

// Moves header lines into the migration. Errors: kInvalidFile, kNotAvailable.
void apply_header(const std::vector<HeaderLine>& lines, const sql::Dialect& dialect, Migration& migration);

}  // namespace weir::project
