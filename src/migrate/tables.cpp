#include "migrate/tables.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sql/scanner.hpp"

namespace weir::migrate {
namespace {

using Tokens = std::vector<sql::Token>;

Tokens significant_tokens(std::string_view statement, const sql::Dialect& dialect) {
  Tokens tokens;
  sql::Scanner scanner(statement, dialect);
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (!token.is_trivia()) tokens.push_back(token);
  }
  return tokens;
}

bool any_word(const sql::Token& token, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return token.is_word(word); });
}

bool is_name(const sql::Token& token) {
  return token.kind == sql::TokenKind::kWord || token.kind == sql::TokenKind::kQuotedIdentifier;
}

// Reads names of tables from one statement.
class TableReader {
 public:
  explicit TableReader(Tokens tokens) : tokens_(std::move(tokens)) {}

  TableSet read() {
    if (tokens_.size() < 2) return std::nullopt;
    const auto& verb = tokens_[0];
    const auto& object = tokens_[1];
    // The other table of these stands where only a grammar finds it.
    for (const auto word : {"select", "table", "partition", "inherits", "inherit", "like"}) {
      if (position_of(word, 2) < tokens_.size()) return std::nullopt;
    }
    if (verb.is_word("alter") && object.is_word("table") && !is_word_at(2, "all"))
      return names_from(2, {"references", "to"});
    if (verb.is_word("drop") && object.is_word("table") && !contains("cascade")) return names_from(2, {});
    if (verb.is_word("create") && object.is_word("table") && !contains("as")) return names_from(2, {"references"});
    if (verb.is_word("create") && any_word(object, {"index", "unique"})) return names_from(position_of("on") + 1, {});
    if (verb.is_word("update") && !object.is_word("or") && !contains("from")) return names_from(1, {});
    if (verb.is_word("insert") && object.is_word("into")) return names_from(2, {});
    if (verb.is_word("delete") && object.is_word("from") && !contains("using")) return names_from(2, {});
    return std::nullopt;
  }

 private:
  bool contains(std::string_view word) const { return position_of(word) < tokens_.size(); }
  bool is_word_at(std::size_t at, std::string_view word) const {
    return at < tokens_.size() && tokens_[at].is_word(word);
  }
  // The position of `word` from `at` on; behind the last token when it does not stand there.
  std::size_t position_of(std::string_view word, std::size_t at = 0) const {
    while (at < tokens_.size() && !tokens_[at].is_word(word)) ++at;
    return at;
  }

  // The list of names at `at`, and the one behind each of `keywords`.
  TableSet names_from(std::size_t at, std::initializer_list<std::string_view> keywords) {
    at = read_name(at);
    if (at == 0) return std::nullopt;
    while (at < tokens_.size() && tokens_[at].text == ",") {
      at = read_name(at + 1);
      if (at == 0) return std::nullopt;
      if (!tokens_[0].is_word("drop")) break;
    }
    for (; at < tokens_.size(); ++at) {
      if (any_word(tokens_[at], keywords) && read_name(at + 1) == 0) return std::nullopt;
    }
    return names_;
  }

  // Adds the table named at `at`; returns the position behind it, 0 when no name stands there.
  std::size_t read_name(std::size_t at) {
    while (at < tokens_.size() && any_word(tokens_[at], {"if", "not", "exists", "only"})) ++at;
    if (at >= tokens_.size() || !is_name(tokens_[at])) return 0;
    while (at + 2 < tokens_.size() && tokens_[at + 1].text == "." && is_name(tokens_[at + 2])) at += 2;
    std::string name = to_lower(tokens_[at].text);
    if (tokens_[at].kind == sql::TokenKind::kQuotedIdentifier) name = name.substr(1, name.size() - 2);
    names_.insert(std::move(name));
    return at + 1;
  }

  Tokens tokens_;
  std::set<std::string> names_;
};

std::string last_part(std::string_view table) {
  const auto dot = table.rfind('.');
  std::string name = to_lower(dot == std::string_view::npos ? table : table.substr(dot + 1));
  std::erase_if(name, [](char c) { return c == '"' || c == '`' || c == '[' || c == ']'; });
  return name;
}

}  // namespace

TableSet tables_of(std::string_view statement, const sql::Dialect& dialect) {
  return TableReader(significant_tokens(statement, dialect)).read();
}

TableSet tables_touched(const project::Migration& migration, const sql::Dialect& dialect) {
  if (migration.kind == project::Kind::kData) return std::set<std::string>{last_part(migration.data.over.text)};
  std::set<std::string> all;
  for (const auto* section : migration.all(project::SectionKind::kUp)) {
    for (const auto& statement : section->statements) {
      const TableSet names = tables_of(statement.text, dialect);
      if (!names) return std::nullopt;
      all.insert(names->begin(), names->end());
    }
  }
  return all;
}

bool touches_only_new_tables(const project::Migration& migration, const sql::Dialect& dialect) {
  std::set<std::string> made;
  for (const auto* section : migration.all(project::SectionKind::kUp)) {
    for (const auto& statement : section->statements) {
      const Tokens tokens = significant_tokens(statement.text, dialect);
      const TableSet names = TableReader(tokens).read();
      // Of two names with a schema only the last part would be compared.
      const bool qualified = std::any_of(tokens.begin(), tokens.end(), [](const auto& t) { return t.text == "."; });
      if (!names || qualified || tokens.size() < 3 || !tokens[0].is_word("create")) return false;
      if (tokens[1].is_word("table") && !tokens[2].is_word("if") && names->size() == 1) made.insert(*names->begin());
      if (!std::includes(made.begin(), made.end(), names->begin(), names->end())) return false;
    }
  }
  return true;
}

bool may_overlap(const TableSet& a, const TableSet& b) {
  if (!a || !b) return true;
  return std::any_of(a->begin(), a->end(), [&](const auto& name) { return b->contains(name); });
}

}  // namespace weir::migrate
