#include "project/formats/pieces.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"

namespace weir::project::formats {

std::vector<Piece> read_pieces(const SourceText& source, const sql::Dialect& dialect,
                               const std::function<bool(std::string_view)>& is_marker) {
  std::vector<Piece> pieces;
  const sql::MarkerCheck check = [&](std::string_view comment, std::size_t offset) {
    if (!comment.starts_with("--") || !is_marker(comment)) return false;
    pieces.push_back({std::nullopt, comment, offset});
    return true;
  };
  for (auto& statement : sql::split_statements(source.text, dialect, {source.display_name, 1, 1}, check)) {
    const std::size_t offset = statement.offset;
    pieces.push_back({std::move(statement), {}, offset});
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  return pieces;
}

Place place_at(const SourceText& source, std::size_t offset) {
  return sql::place_of(source.text, offset, {source.display_name, 1, 1});
}

void refuse(const SourceText& source, std::size_t offset, const std::string& message, const std::string& hint) {
  throw Error(Code::kInvalidFile, message).at(place_at(source, offset)).hint(hint);
}

std::string words_of(std::string_view comment) {
  comment.remove_prefix(std::min(comment.find_first_not_of('-'), comment.size()));
  std::string words;
  for (const auto& word : split(to_lower(comment), ' ')) {
    if (!word.empty()) words += (words.empty() ? "" : " ") + word;
  }
  return words;
}

FileSection whole_file(const SourceText& source, const sql::Dialect& dialect, const std::string& delimiter) {
  FileSection section;
  section.name = source.file_name.ends_with(".down.sql") ? "down" : "up";
  section.statements = sql::split_statements(source.text, dialect, {source.display_name, 1, 1},
                                             sql::SplitOptions{nullptr, sql::TextKind::kMigration, delimiter});
  return section;
}

std::vector<FileSection> one(FileSection section) {
  std::vector<FileSection> sections;
  sections.push_back(std::move(section));
  return sections;
}

std::string substitute(
    std::string_view text, std::string_view prefix, std::string_view suffix,
    const std::function<std::optional<std::string>(std::string_view name, std::size_t offset)>& value) {
  std::string result;
  std::size_t at = 0;
  for (std::size_t begin = text.find(prefix); begin != std::string_view::npos; begin = text.find(prefix, begin)) {
    const std::size_t name_at = begin + prefix.size();
    const std::size_t end = text.find(suffix, name_at);
    if (end == std::string_view::npos) break;
    const auto replacement = value(text.substr(name_at, end - name_at), begin);
    begin = replacement ? end + suffix.size() : name_at;
    if (!replacement) continue;
    result.append(text, at, name_at - prefix.size() - at).append(*replacement);
    at = begin;
  }
  return result.append(text, at);
}

}  // namespace weir::project::formats
