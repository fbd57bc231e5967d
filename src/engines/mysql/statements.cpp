#include "engines/mysql/statements.hpp"

#include <algorithm>
#include <array>

#include "engines/mysql/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::mysql {
namespace {

constexpr std::size_t kLookAhead = 6;
using Words = std::array<sql::Token, kLookAhead>;

// The first words; MariaDB's reading knows more executable comments, and a MySQL statement has none of those.
Words first_words(std::string_view statement) {
  Words words;
  sql::Scanner scanner(statement, mariadb_dialect());
  for (auto& word : words) {
    do word = scanner.next();
    while (word.is_trivia());
  }
  return words;
}

bool is_any(const sql::Token& token, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return token.is_word(name); });
}

// CREATE [OR REPLACE] TEMPORARY TABLE, DROP TEMPORARY TABLE
bool is_temporary(const Words& words) {
  return words[1].is_word("temporary") || (words[1].is_word("or") && words[3].is_word("temporary"));
}

}  // namespace

// Source: MySQL manual, "Statements That Cause an Implicit Commit"; MariaDB, "SQL statements That Cause an Implicit
// Commit".
bool runs_in_transaction(std::string_view statement) {
  const Words words = first_words(statement);
  const auto& verb = words[0];
  if (is_any(verb, {"create", "drop"})) return is_temporary(words);
  if (is_any(verb, {"alter", "rename", "truncate", "grant", "revoke", "install", "uninstall", "analyze", "check",
                    "optimize", "repair", "flush", "reset", "cache", "clone", "import", "backup"}))
    return false;
  if (verb.is_word("lock") || verb.is_word("unlock")) return false;
  if (verb.is_word("load")) return !words[1].is_word("index");  // LOAD INDEX INTO CACHE; LOAD DATA is InnoDB's to undo
  if (is_any(verb, {"start", "stop", "change"}))
    return !is_any(words[1], {"slave", "replica", "replication", "master", "group_replication", "all"});
  // SET PASSWORD and SET DEFAULT ROLE change accounts; SET autocommit = 1 commits.
  if (verb.is_word("set")) {
    if (words[1].is_word("password")) return false;
    if (words[1].is_word("default")) return !words[2].is_word("role");
    return std::none_of(words.begin() + 1, words.end(), [](const auto& word) { return word.is_word("autocommit"); });
  }
  return true;
}

}  // namespace weir::engines::mysql
