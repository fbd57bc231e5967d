// What the readers share: a file as a row of marker comments and statements, and texts with variables.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "project/formats/format.hpp"

namespace weir::project::formats {

// Either a marker comment or a statement.
struct Piece {
  std::optional<sql::Statement> statement;
  std::string_view marker;  // the comment, with its dashes
  std::size_t offset = 0;
};

// In the order of the file. A marker is a line comment outside strings, comments and bodies for which `is_marker` is
// true; it ends the statement before it.
std::vector<Piece> read_pieces(const SourceText& source, const sql::Dialect& dialect,
                               const std::function<bool(std::string_view)>& is_marker);

Place place_at(const SourceText& source, std::size_t offset);
[[noreturn]] void refuse(const SourceText& source, std::size_t offset, const std::string& message,
                         const std::string& hint);

// The words behind the dashes of a comment, in lower case, with one blank between them.
std::string words_of(std::string_view comment);

// The file as one section: `up`, or `down` when its name ends with `.down.sql`.
FileSection whole_file(const SourceText& source, const sql::Dialect& dialect, const std::string& delimiter = "");

std::vector<FileSection> one(FileSection section);

// `text` with every `prefix`name`suffix` replaced by what `value` returns; nothing leaves it as it is.
std::string substitute(
    std::string_view text, std::string_view prefix, std::string_view suffix,
    const std::function<std::optional<std::string>(std::string_view name, std::size_t offset)>& value);

}  // namespace weir::project::formats
