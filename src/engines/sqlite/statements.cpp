#include "engines/sqlite/statements.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "engines/sqlite/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::sqlite {
namespace {

constexpr std::array<std::string_view, 5> kPragmasOutsideOnly = {"foreign_keys", "journal_mode", "synchronous",
                                                                 "page_size", "auto_vacuum"};

sql::Token next_word(sql::Scanner& scanner) {
  sql::Token token = scanner.next();
  while (token.is_trivia()) token = scanner.next();
  return token;
}

// A name is taken in any quotes: "x", [x], `x` and even 'x'.
std::string bare_name(const sql::Token& token) {
  std::string_view text = token.text;
  const bool quoted = token.kind == sql::TokenKind::kQuotedIdentifier || token.kind == sql::TokenKind::kString;
  if (quoted && text.size() >= 2) text = text.substr(1, text.size() - 2);
  return to_lower(text);
}

// PRAGMA [schema .] name ...
std::string pragma_name(sql::Scanner& scanner) {
  const std::string name = bare_name(next_word(scanner));
  return next_word(scanner).text == "." ? bare_name(next_word(scanner)) : name;
}

}  // namespace

bool runs_in_transaction(std::string_view statement) {
  sql::Scanner scanner(statement, dialect());
  const sql::Token first = next_word(scanner);
  if (first.is_word("vacuum") || first.is_word("attach") || first.is_word("detach")) return false;
  if (!first.is_word("pragma")) return true;
  const std::string name = pragma_name(scanner);
  return std::find(kPragmasOutsideOnly.begin(), kPragmasOutsideOnly.end(), name) == kPragmasOutsideOnly.end();
}

}  // namespace weir::engines::sqlite
