// tern: `---- create above / drop below ----` between the two directions, `---- tern: disable-tx ----` in either, and
// Go templates, of which weir reads `{{ .name }}` only. Source: github.com/jackc/tern, migrate/migrate.go
#include <fmt/format.h>

#include "base/text.hpp"
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"

namespace weir::project::formats {
namespace {

constexpr std::string_view kSeparator = "---- create above / drop below ----";
constexpr std::string_view kNoTransaction = "---- tern: disable-tx ----";

SourceText with_values(const SourceText& source, const Variables& variables) {
  SourceText expanded = source;
  expanded.text = substitute(source.text, "{{", "}}", [&](std::string_view inside, std::size_t at) {
    std::string_view name = trim(inside);
    const bool is_value = name.starts_with(".");
    const auto value = is_value ? variables.find(std::string(name.substr(1))) : variables.end();
    if (value == variables.end()) {
      throw Error(is_value ? Code::kInvalidFile : Code::kNotAvailable,
                  is_value ? fmt::format("the value {} is not set", name) : "templates of tern are not available")
          .at(place_at(source, at))
          .hint("write the SQL itself");
    }
    return std::optional(value->second);
  });
  return expanded;
}

}  // namespace

Sections read_tern(const SourceText& source, const Variables& variables, const sql::Dialect& dialect) {
  const SourceText text = with_values(source, variables);
  const auto is_marker = [](std::string_view comment) {
    return comment.find(kSeparator) != std::string_view::npos || trim(comment) == kNoTransaction;
  };
  Sections sections{{"up", 1, true, {}, {}}};
  for (auto& piece : read_pieces(text, dialect, is_marker)) {
    if (piece.statement) {
      sections.back().statements.push_back(std::move(*piece.statement));
    } else if (trim(piece.marker) == kNoTransaction) {
      sections.back().transaction = false;
    } else if (sections.size() > 1) {
      refuse(text, piece.offset, "the line between the directions stands twice", "keep one");
    } else {
      sections.push_back({"down", place_at(text, piece.offset).line, true, {}, {}});
    }
  }
  if (sections[0].statements.empty())
    refuse(text, 0, "the forward part holds no statement", fmt::format("write it above `{}`", kSeparator));
  return sections;
}

}  // namespace weir::project::formats
