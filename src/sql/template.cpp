#include "sql/template.hpp"

#include <algorithm>

#include "sql/scanner.hpp"

namespace weir::sql {

std::vector<Placeholder> find_placeholders(std::string_view text, const Dialect& dialect) {
  std::vector<Placeholder> found;
  Scanner scanner(text, dialect);
  for (Token token = scanner.next(); token.kind != TokenKind::kEnd; token = scanner.next()) {
    if (token.kind == TokenKind::kPlaceholder)
      found.push_back({std::string(token.text.substr(1)), token.begin, token.text.size()});
  }
  return found;
}

std::size_t Rendered::source_offset(std::size_t rendered_offset) const {
  std::size_t best = 0;
  for (const auto& piece : pieces) {
    if (piece.rendered > rendered_offset) break;
    best = piece.source + std::min(rendered_offset - piece.rendered, piece.length);
  }
  return best;
}

Template::Template(std::string text, const Dialect& dialect)
    : text_(std::move(text)), dialect_(&dialect), placeholders_(find_placeholders(text_, dialect)) {}

bool Template::uses(std::string_view name) const {
  return std::any_of(placeholders_.begin(), placeholders_.end(), [&](const auto& p) { return p.name == name; });
}

Rendered Template::render(const std::map<std::string, std::string>& fragments) const {
  Rendered out;
  const auto parameter = [&](const std::string& name) {
    out.names.push_back(name);
    out.sql += dialect_->marker(out.names.size());
  };
  const auto copy = [&](std::size_t from, std::size_t to) {
    out.pieces.push_back({out.sql.size(), from, to - from});
    out.sql.append(text_, from, to - from);
  };
  std::size_t at = 0;
  for (const auto& placeholder : placeholders_) {
    copy(at, placeholder.offset);
    at = placeholder.offset + placeholder.length;
    const auto fragment = fragments.find(placeholder.name);
    if (fragment == fragments.end()) {
      parameter(placeholder.name);
      continue;
    }
    std::size_t inner = 0;
    for (const auto& nested : find_placeholders(fragment->second, *dialect_)) {
      out.sql.append(fragment->second, inner, nested.offset - inner);
      inner = nested.offset + nested.length;
      parameter(nested.name);
    }
    out.sql.append(fragment->second, inner);
  }
  copy(at, text_.size());
  return out;
}

std::string Template::expand(const std::map<std::string, std::string>& fragments) const {
  std::string expanded = text_;
  for (auto placeholder = placeholders_.rbegin(); placeholder != placeholders_.rend(); ++placeholder) {
    const auto fragment = fragments.find(placeholder->name);
    if (fragment != fragments.end()) expanded.replace(placeholder->offset, placeholder->length, fragment->second);
  }
  return expanded;
}

}  // namespace weir::sql
