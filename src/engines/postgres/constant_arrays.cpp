#include "engines/postgres/constant_arrays.hpp"

#include <fmt/format.h>
#include <optional>
#include <vector>

#include "engines/postgres/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::postgres {
namespace {

using Tokens = std::vector<sql::Token>;

// Without blanks and comments; between the tokens of one expression the server prints no comments.
Tokens tokens_of(std::string_view text) {
  Tokens tokens;
  sql::Scanner scanner(text, dialect());
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (!token.is_trivia()) tokens.push_back(token);
  }
  return tokens;
}

// Reads from a place in the tokens; a mismatch leaves it unusable, which the caller throws away.
class Reader {
 public:
  Reader(std::string_view text, const Tokens& tokens, std::size_t at) : text_(text), tokens_(tokens), at_(at) {}

  bool take(std::string_view text) {
    if (at_ >= tokens_.size() || tokens_[at_].text != text) return false;
    ++at_;
    return true;
  }
  // A constant with its cast: 'a'::character varying
  std::optional<std::string_view> take_constant() {
    const std::size_t begin = at_;
    if (at_ >= tokens_.size() || tokens_[at_].kind != sql::TokenKind::kString) return std::nullopt;
    ++at_;
    if (!take("::") || !take_type()) return std::nullopt;
    return text_.substr(tokens_[begin].begin, tokens_[at_ - 1].end() - tokens_[begin].begin);
  }
  // Words, quoted or not, with dots, and a length in parentheses: character varying(20)
  bool take_type() {
    const std::size_t begin = at_;
    while (at_ < tokens_.size() && (tokens_[at_].kind == sql::TokenKind::kWord ||
                                    tokens_[at_].kind == sql::TokenKind::kQuotedIdentifier || tokens_[at_].text == "."))
      ++at_;
    if (at_ == begin) return false;
    if (!take("(")) return true;
    while (at_ < tokens_.size() && tokens_[at_].text != ")") ++at_;
    return take(")");
  }
  std::size_t at() const { return at_; }

 private:
  std::string_view text_;
  const Tokens& tokens_;
  std::size_t at_;
};

struct Respelled {
  std::string text;
  std::size_t tokens_end = 0;
};

// (ARRAY[constant, ...])::type[]
std::optional<Respelled> respell(std::string_view text, const Tokens& tokens, std::size_t at) {
  Reader reader(text, tokens, at);
  if (!reader.take("(") || !reader.take("ARRAY") || !reader.take("[")) return std::nullopt;
  std::vector<std::string_view> constants;
  do {
    const auto constant = reader.take_constant();
    if (!constant) return std::nullopt;
    constants.push_back(*constant);
  } while (reader.take(","));
  if (!reader.take("]") || !reader.take(")") || !reader.take("::")) return std::nullopt;
  const std::size_t type_begin = reader.at();
  if (!reader.take_type()) return std::nullopt;
  const auto type = text.substr(tokens[type_begin].begin, tokens[reader.at() - 1].end() - tokens[type_begin].begin);
  if (!reader.take("[") || !reader.take("]")) return std::nullopt;
  std::vector<std::string> elements;
  for (const auto& constant : constants) elements.push_back(fmt::format("({})::{}", constant, type));
  return Respelled{fmt::format("ARRAY[{}]", fmt::join(elements, ", ")), reader.at()};
}

}  // namespace

std::string spell_constant_arrays(std::string_view sql) {
  if (sql.find("(ARRAY[") == std::string_view::npos) return std::string(sql);
  const Tokens tokens = tokens_of(sql);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = 0; at < tokens.size(); ++at) {
    const auto respelled = respell(sql, tokens, at);
    if (!respelled) continue;
    out += sql.substr(copied, tokens[at].begin - copied);
    out += respelled->text;
    copied = tokens[respelled->tokens_end - 1].end();
    at = respelled->tokens_end - 1;
  }
  return out + std::string(sql.substr(copied));
}

}  // namespace weir::engines::postgres
