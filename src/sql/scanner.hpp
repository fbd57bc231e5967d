// SQL text -> tokens, for every dialect, in one linear pass and without copying. It knows strings, quoted identifiers,
// comments, dollar quotes, casts and placeholders; it does not know grammar. Not thread-safe; the text must outlive the
// tokens.
#pragma once

#include <cstddef>
#include <string_view>

#include "sql/dialect.hpp"

namespace weir::sql {

enum class TokenKind {
  kBlank,
  kLineComment,
  kBlockComment,
  kString,  // any literal in quotes, dollar quotes included
  kQuotedIdentifier,
  kWord,  // keyword or identifier
  kNumber,
  kPlaceholder,  // :name
  kSemicolon,
  kOther,  // one character of punctuation or operator; `::` is one token
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t begin = 0;
  std::string_view text;
  std::size_t end() const { return begin + text.size(); }
  bool is_word(std::string_view lower_case) const;
  bool is_trivia() const {
    return kind == TokenKind::kBlank || kind == TokenKind::kLineComment || kind == TokenKind::kBlockComment;
  }
};

// What makes a text unreadable, with the offset where the construct was opened.
enum class ScanProblem {
  kNone,
  kUnterminatedString,
  kUnterminatedDollarQuote,
  kUnterminatedComment,
  kUnterminatedIdentifier
};

class Scanner {
 public:
  Scanner(std::string_view text, const Dialect& dialect) : text_(text), dialect_(&dialect) {}

  // The next token; kEnd for ever after the last. After a problem the rest of the text is one token.
  Token next();
  ScanProblem problem() const { return problem_; }
  std::size_t problem_offset() const { return problem_offset_; }
  std::size_t offset() const { return at_; }
  // Goes on reading at `offset`; for text that is not SQL, such as COPY data.
  void jump(std::size_t offset) { at_ = offset; }

 private:
  Token take(TokenKind kind, std::size_t end);
  Token fail(ScanProblem problem, TokenKind kind);
  Token line_comment();
  Token block_comment();
  Token quoted(char quote, bool backslashes, TokenKind kind, std::size_t opening);
  Token dollar_quote(std::size_t tag_end);
  Token word();
  Token number();
  std::size_t dollar_tag_end() const;
  char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view text_;
  const Dialect* dialect_;
  std::size_t at_ = 0;
  ScanProblem problem_ = ScanProblem::kNone;
  std::size_t problem_offset_ = 0;
  // E'..' NEWLINE '..' stays in escape mode; blanks and line comments may stand around the line end.
  enum class EscapeString { kNone, kEnded, kMayGoOn } escape_string_ = EscapeString::kNone;
};

}  // namespace weir::sql
