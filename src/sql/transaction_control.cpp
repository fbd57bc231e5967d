#include "sql/transaction_control.hpp"

#include "sql/scanner.hpp"

namespace weir::sql {
namespace {

Token next_significant(Scanner& scanner) {
  Token token = scanner.next();
  while (token.is_trivia()) token = scanner.next();
  return token;
}

}  // namespace

bool controls_transaction(std::string_view statement, const Dialect& dialect) {
  Scanner scanner(statement, dialect);
  const Token first = next_significant(scanner);
  const Token second = next_significant(scanner);
  if (first.is_word("start") || first.is_word("prepare")) return second.is_word("transaction");
  if (first.is_word("commit") || first.is_word("rollback")) return !second.is_word("prepared");
  if (first.is_word("begin") && dialect.compound_statements) return !second.is_word("not");  // BEGIN NOT ATOMIC
  return first.is_word("begin") || first.is_word("end") || first.is_word("abort");
}

}  // namespace weir::sql
