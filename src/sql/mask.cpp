#include "sql/mask.hpp"

#include "sql/scanner.hpp"

namespace weir::sql {

std::string mask_literals(std::string_view sql, const Dialect& dialect, std::size_t most) {
  constexpr std::string_view kEllipsis = "…";
  std::string shown;
  Scanner scanner(sql, dialect);
  for (Token token = scanner.next(); token.kind != TokenKind::kEnd; token = scanner.next()) {
    if (scanner.problem() != ScanProblem::kNone) return shown.append(kEllipsis);
    const bool literal = token.kind == TokenKind::kString || token.kind == TokenKind::kNumber;
    const std::string_view text = token.is_trivia() ? " " : literal ? "?" : token.text;
    if (text == " " && (shown.empty() || shown.back() == ' ')) continue;
    if (shown.size() + text.size() > most) return shown.append(kEllipsis);
    shown.append(text);
  }
  if (shown.ends_with(' ')) shown.pop_back();
  return shown;
}

}  // namespace weir::sql
