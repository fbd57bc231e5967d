#include "sql/table_aliases.hpp"

#include "base/text.hpp"
#include "sql/scanner.hpp"

namespace weir::sql {
namespace {

// Empty for what is no name.
std::string name_in(const Token& token) {
  if (token.kind == TokenKind::kWord) return to_lower(token.text);
  const bool quoted = token.kind == TokenKind::kQuotedIdentifier && token.text.size() >= 2;
  return quoted ? to_lower(token.text.substr(1, token.text.size() - 2)) : "";
}

}  // namespace

std::set<std::string> names_of_table(std::string_view statement, std::string_view table, const Dialect& dialect) {
  const std::string wanted = to_lower(table);
  std::set<std::string> names = {wanted};
  bool behind_table = false;
  Scanner scanner(statement, dialect);
  for (Token token = scanner.next(); token.kind != TokenKind::kEnd; token = scanner.next()) {
    if (token.is_trivia() || (behind_table && token.is_word("as"))) continue;
    const std::string name = name_in(token);
    if (behind_table && !name.empty()) names.insert(name);
    behind_table = name == wanted;
  }
  return names;
}

}  // namespace weir::sql
