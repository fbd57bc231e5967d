// What became of a DDL statement, which commits by itself: Connection::look() and effect_of(). One statement over one
// table or view happens as a whole or not at all (MySQL 8.0; MariaDB from 10.6 also when the server crashes).
#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "base/text.hpp"
#include "engines/mysql/connection.hpp"
#include "engines/mysql/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::mysql {
namespace {

constexpr std::string_view kAbsent = "absent";
constexpr const char* kStillRunning =
    "SELECT count(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND info = ?";

using Tokens = std::vector<sql::Token>;

Tokens significant_tokens(std::string_view statement) {
  Tokens tokens;
  sql::Scanner scanner(statement, dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (!token.is_trivia()) tokens.push_back(token);
  }
  return tokens;
}

// The first of the words in the statement's beginning.
std::size_t find_word(const Tokens& tokens, std::initializer_list<std::string_view> words) {
  constexpr std::size_t kBeginning = 12;
  for (std::size_t i = 0; i < std::min(tokens.size(), kBeginning); ++i) {
    if (std::any_of(words.begin(), words.end(), [&](auto word) { return tokens[i].is_word(word); })) return i;
  }
  return tokens.size();
}

// The name that begins at `at`, behind IF [NOT] EXISTS; empty when a list follows or none is there.
std::string name_at(const Tokens& tokens, std::size_t at) {
  while (at < tokens.size() &&
         (tokens[at].is_word("if") || tokens[at].is_word("not") || tokens[at].is_word("exists"))) {
    ++at;
  }
  std::string name;
  bool complete = false;
  for (; at < tokens.size(); ++at) {
    const bool is_name =
        tokens[at].kind == sql::TokenKind::kWord || tokens[at].kind == sql::TokenKind::kQuotedIdentifier;
    if (is_name ? complete : tokens[at].text != ".") break;
    name += tokens[at].text;
    complete = is_name;
  }
  return at < tokens.size() && tokens[at].text == "," ? "" : name;
}

// The one table or view that a DDL statement makes, changes or removes, as written; empty for everything else.
std::string object_of(std::string_view statement) {
  const Tokens tokens = significant_tokens(statement);
  if (tokens.empty()) return {};
  const bool ddl = tokens[0].is_word("create") || tokens[0].is_word("alter") || tokens[0].is_word("drop");
  // These change rows, and not what SHOW CREATE shows.
  if (find_word(tokens, {"temporary", "exchange", "truncate", "discard", "import"}) < tokens.size()) return {};
  if (!ddl) return {};
  const std::size_t kind =
      find_word(tokens, {"table", "view", "index", "trigger", "procedure", "function", "event", "database", "schema"});
  if (kind == tokens.size()) return {};
  if (tokens[kind].is_word("table") && find_word(tokens, {"replace"}) < kind) return {};
  if (tokens[kind].is_word("table") || tokens[kind].is_word("view")) return name_at(tokens, kind + 1);
  if (!tokens[kind].is_word("index")) return {};
  const std::size_t on = find_word(tokens, {"on"});
  return on < tokens.size() ? name_at(tokens, on + 1) : "";
}

// It moves with every row that is inserted.
std::string without_auto_increment(std::string text) {
  constexpr std::string_view kOption = " AUTO_INCREMENT=";
  const auto at = text.rfind(kOption);
  if (at == std::string::npos) return text;
  const auto end = text.find_first_not_of("0123456789", at + kOption.size());
  return text.erase(at, end == std::string::npos ? end : end - at);
}

}  // namespace

std::string Connection::look(const std::string& statement) {
  const std::string object = object_of(statement);
  if (object.empty()) return {};
  try {
    const auto shown = execute_text("SHOW CREATE TABLE " + object);
    return sha256(without_auto_increment(db::as_text(shown.rows.at(0).at(1))));
  } catch (const Error& error) {
    if (error.code() == Code::kUndefinedObject) return std::string(kAbsent);
    if (error.next() != Next::kFail) throw;
    return {};
  }
}

db::Effect Connection::effect_of(const std::string& statement, const std::string& before) {
  if (before.empty()) return db::Effect::kUnknown;
  // A server goes on with a statement whose client is gone.
  if (db::as_integer(query(kStillRunning, {statement}).rows.at(0).at(0)) > 0) return db::Effect::kInProgress;
  const std::string now = look(statement);
  if (now.empty()) return db::Effect::kUnknown;
  return now == before ? db::Effect::kNone : db::Effect::kDone;
}

}  // namespace weir::engines::mysql
