#include "engines/postgres/statements.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "engines/postgres/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::postgres {
namespace {

// The statement's words in lower case, what stands in parentheses apart; anything else is an empty string.
class Words {
 public:
  explicit Words(std::string_view statement) {
    sql::Scanner scanner(statement, dialect());
    int depth = 0;
    for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
      if (token.is_trivia() || token.kind == sql::TokenKind::kSemicolon) continue;
      if (token.text == ")") --depth;
      auto& list = depth > 0 ? in_parentheses_ : words_;
      if (token.text == "(") ++depth;
      if (token.text == "(" || token.text == ")") continue;
      const bool is_word = token.kind == sql::TokenKind::kWord || token.kind == sql::TokenKind::kNumber;
      list.push_back(is_word ? to_lower(token.text) : "");
    }
  }

  // The statement begins with these words.
  bool begin(std::initializer_list<std::string_view> wanted) const {
    return wanted.size() <= words_.size() && std::equal(wanted.begin(), wanted.end(), words_.begin());
  }
  std::string_view at(std::size_t index) const { return index < words_.size() ? std::string_view(words_[index]) : ""; }
  std::string_view last() const { return words_.empty() ? "" : std::string_view(words_.back()); }
  std::size_t size() const { return words_.size(); }
  // Anywhere outside parentheses.
  bool has(std::string_view word) const { return std::find(words_.begin(), words_.end(), word) != words_.end(); }
  // An option in parentheses that is not switched off: `(name)`, `(name = true)`, but not `(name = false)`.
  bool option(std::string_view name) const {
    auto found = std::find(in_parentheses_.begin(), in_parentheses_.end(), name);
    if (found == in_parentheses_.end()) return false;
    while (++found != in_parentheses_.end() && found->empty()) {
    }
    return found == in_parentheses_.end() || !is_off(*found);
  }
  // `(name = false)` stands there.
  bool option_off(std::string_view name) const {
    return std::find(in_parentheses_.begin(), in_parentheses_.end(), name) != in_parentheses_.end() && !option(name);
  }

 private:
  static bool is_off(std::string_view word) { return word == "false" || word == "off" || word == "0"; }

  std::vector<std::string> words_;
  std::vector<std::string> in_parentheses_;
};

// CREATE [UNIQUE] INDEX CONCURRENTLY, DROP INDEX CONCURRENTLY, REINDEX ... CONCURRENTLY, DETACH PARTITION ...
// CONCURRENTLY. REFRESH MATERIALIZED VIEW CONCURRENTLY does run in a transaction.
bool is_concurrent(const Words& words) {
  if (words.begin({"create", "index", "concurrently"}) || words.begin({"create", "unique", "index", "concurrently"}))
    return true;
  if (words.begin({"drop", "index", "concurrently"})) return true;
  if (words.begin({"alter", "table"})) {
    return words.has("detach") && words.has("partition") && words.last() == "concurrently";
  }
  return false;
}

bool is_wide_reindex(const Words& words) {
  if (!words.begin({"reindex"})) return false;
  const auto target = words.at(1);
  return target == "database" || target == "system" || target == "schema" || words.at(2) == "concurrently" ||
         words.option("concurrently");
}

bool concerns_whole_cluster(const Words& words) {
  if (words.begin({"create"}) || words.begin({"drop"})) {
    return words.at(1) == "database" || words.at(1) == "tablespace";
  }
  if (words.begin({"alter", "system"})) return true;
  // ALTER DATABASE name SET TABLESPACE
  return words.begin({"alter", "database"}) && words.at(3) == "set" && words.at(4) == "tablespace";
}

// A subscription talks to the other server, which cannot be rolled back.
bool touches_a_slot(const Words& words) {
  if (words.begin({"create", "subscription"})) return !words.option_off("create_slot") && !words.option_off("connect");
  if (words.begin({"drop", "subscription"})) return true;
  return words.begin({"alter", "subscription"}) && words.has("publication") && !words.option_off("refresh");
}

bool is_maintenance(const Words& words) {
  if (words.begin({"vacuum"}) || words.begin({"discard", "all"})) return true;
  // CLUSTER without a table does every table, each in a transaction of its own.
  if (words.begin({"cluster"})) return words.size() == 1 || (words.size() == 2 && words.at(1) == "verbose");
  return words.begin({"commit", "prepared"}) || words.begin({"rollback", "prepared"});
}

}  // namespace

// Source: the callers of PreventInTransactionBlock in the server.
bool runs_in_transaction(std::string_view statement) {
  const Words words(statement);
  return !is_concurrent(words) && !is_wide_reindex(words) && !concerns_whole_cluster(words) && !touches_a_slot(words) &&
         !is_maintenance(words);
}

}  // namespace weir::engines::postgres
