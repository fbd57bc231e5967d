#include "engines/mysql/dump_text.hpp"

#include <vector>

#include "engines/mysql/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::mysql {
namespace {

std::vector<sql::Token> tokens_of(std::string_view text) {
  std::vector<sql::Token> tokens;
  sql::Scanner scanner(text, dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.kind != sql::TokenKind::kBlank) tokens.push_back(token);
  }
  return tokens;
}

// With the blank before it.
std::string cut(std::string_view text, std::size_t begin, std::size_t end) {
  while (begin > 0 && text[begin - 1] == ' ') --begin;
  return std::string(text.substr(0, begin)) + std::string(text.substr(end));
}

}  // namespace

// Only the first: the one in a body is the author's.
std::string without_definer(std::string_view sql) {
  const auto tokens = tokens_of(sql);
  for (std::size_t i = 0; i + 4 < tokens.size(); ++i) {
    if (!tokens[i].is_word("definer") || tokens[i + 1].text != "=") continue;
    const std::size_t last = tokens[i + 3].text == "@" ? i + 4 : i + 2;
    return cut(sql, tokens[i].begin, tokens[last].end());
  }
  return std::string(sql);
}

std::string without_counter(std::string_view sql) {
  const auto tokens = tokens_of(sql);
  int depth = 0;
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    depth += tokens[i].text == "(" ? 1 : tokens[i].text == ")" ? -1 : 0;
    if (depth == 0 && tokens[i].is_word("auto_increment") && tokens[i + 1].text == "=")
      return cut(sql, tokens[i].begin, tokens[i + 2].end());
  }
  return std::string(sql);
}

bool names_object(std::string_view sql, std::string_view name) {
  const std::string quoted = dialect().quote(name);
  for (const auto& token : tokens_of(sql)) {
    if (token.kind == sql::TokenKind::kQuotedIdentifier && token.text == quoted) return true;
  }
  return false;
}

}  // namespace weir::engines::mysql
