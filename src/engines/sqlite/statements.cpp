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

}  // namespace

bool runs_in_transaction(std::string_view statement) {
  sql::Scanner scanner(statement, dialect());
  const sql::Token first = next_word(scanner);
  if (first.is_word("vacuum") || first.is_word("attach") || first.is_word("detach")) return false;
  if (!first.is_word("pragma")) return true;
  const std::string name = to_lower(next_word(scanner).text);
  return std::find(kPragmasOutsideOnly.begin(), kPragmasOutsideOnly.end(), name) == kPragmasOutsideOnly.end();
}

}  // namespace weir::engines::sqlite
