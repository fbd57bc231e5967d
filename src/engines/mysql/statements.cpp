#include "engines/mysql/statements.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.hpp"
#include "engines/mysql/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::mysql {
namespace {

// The first words of a statement, in lower case; anything but a word is an empty string.
std::vector<std::string> first_words(std::string_view statement, std::size_t count) {
  std::vector<std::string> words;
  sql::Scanner scanner(statement, dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd && words.size() < count;
       token = scanner.next()) {
    if (token.is_trivia()) continue;
    words.push_back(token.kind == sql::TokenKind::kWord ? to_lower(token.text) : "");
  }
  words.resize(count);
  return words;
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Every word of a SET statement: `SET a = 1, @@session.autocommit = 0`.
bool sets_what_commits(std::string_view statement) {
  sql::Scanner scanner(statement, dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.is_word("autocommit") || token.is_word("password")) return true;
  }
  return false;
}

}  // namespace

std::string first_word(std::string_view statement) { return first_words(statement, 1)[0]; }

// Source: MySQL manual, "Statements That Cause an Implicit Commit"; MariaDB, "SQL statements That Cause an Implicit
// Commit". CREATE and DROP TEMPORARY TABLE commit nothing, but such a table could hide one of the ledger's from the
// transaction. A statement that begins with a comment the server executes has no word here: it counts as one of them.
bool runs_in_transaction(std::string_view statement) {
  constexpr std::array<std::string_view, 35> kCommits{
      "alter",     "analyze",  "backup", "begin",   "binlog",   "cache",     "call",   "change", "check",
      "clone",     "commit",   "create", "drop",    "execute",  "flush",     "grant",  "import", "install",
      "lock",      "optimize", "purge",  "release", "rename",   "repair",    "reset",  "revoke", "rollback",
      "savepoint", "shutdown", "start",  "stop",    "truncate", "uninstall", "unlock", "xa"};
  const auto words = first_words(statement, 2);
  if (words[0] == "load") return words[1] != "index";
  if (words[0] == "set") return !sets_what_commits(statement);
  return !words[0].empty() && !is_one_of(words[0], kCommits);
}

bool changes_rows(std::string_view statement) {
  constexpr std::array<std::string_view, 5> kChanges{"insert", "update", "delete", "replace", "load"};
  const std::string first = first_word(statement);
  if (first != "with") return is_one_of(first, kChanges);
  // WITH ... UPDATE or DELETE, as MySQL has them.
  sql::Scanner scanner(statement, dialect());
  int depth = 0;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.text == "(") ++depth;
    if (token.text == ")") --depth;
    if (depth == 0 && (token.is_word("update") || token.is_word("delete"))) return true;
  }
  return false;
}

bool alters_session(std::string_view statement) {
  constexpr std::array<std::string_view, 5> kSession{"set", "use", "prepare", "deallocate", "kill"};
  return is_one_of(first_word(statement), kSession);
}

}  // namespace weir::engines::mysql
