// SQL text -> tokens, for every dialect, in one linear pass and without copying. It knows strings, quoted identifiers,
// comments, dollar quotes, casts and placeholders; it does not know grammar. Not thread-safe; the text must outlive the
// tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sql/dialect.hpp"

namespace weir::sql {

enum class TokenKind {
  kBlank,
  kLineComment,
  kBlockComment,
  kCommentFrame,  // the `/*!40101` and the `*/` of an executable comment; what stands between are ordinary tokens
  kString,        // any literal in quotes, dollar quotes included
  kQuotedIdentifier,
  kWord,  // keyword or identifier
  kNumber,
  kPlaceholder,  // :name
  kSemicolon,    // `;`, or what DELIMITER put in its place
  kBackslash,    // a backslash outside quotes and the character behind it, where the engine's client takes commands so
  kOther,        // one character of punctuation or operator; `::` is one token
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t begin = 0;
  std::string_view text;
  std::size_t end() const { return begin + text.size(); }
  bool is_word(std::string_view lower_case) const;
  bool is_trivia() const {
    return kind == TokenKind::kBlank || kind == TokenKind::kLineComment || kind == TokenKind::kBlockComment ||
           kind == TokenKind::kCommentFrame;
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
  // Whether `token`, the first of a statement, begins a `--x` that the dialect takes for a comment there and only
  // there: MySQL's client. comment_at() then reads it.
  bool begins_comment(const Token& token) const {
    return dialect_->dash_comment_needs_blank && token.text == "-" && peek(0) == '-';
  }
  Token comment_at(const Token& token) {
    at_ = token.begin;
    return line_comment();
  }
  // From here on `delimiter` is the terminator and `;` is not; an empty one or `;` restores the usual state.
  void set_delimiter(std::string delimiter) { delimiter_ = delimiter == ";" ? "" : std::move(delimiter); }
  bool has_own_delimiter() const { return !delimiter_.empty(); }
  std::string_view delimiter() const { return has_own_delimiter() ? std::string_view(delimiter_) : ";"; }
  // Inside an executable comment.
  bool in_frame() const { return frames_ > 0; }
  std::size_t frame_offset() const { return frame_offset_; }

 private:
  Token take(TokenKind kind, std::size_t end);
  Token fail(ScanProblem problem, TokenKind kind);
  Token line_comment();
  Token comment_or_frame();
  Token block_comment();
  Token blank();
  std::optional<Token> quote();
  Token quoted(char quote, bool backslashes, TokenKind kind, std::size_t opening);
  Token dollar_quote(std::size_t tag_end);
  Token word();
  Token number();
  std::size_t dollar_tag_end() const;
  // The length of the `/*!40101` that begins here, or 0.
  std::size_t frame_length() const;
  bool at_delimiter(std::size_t offset) const {
    return !delimiter_.empty() && text_.compare(offset, delimiter_.size(), delimiter_) == 0;
  }
  char peek(std::size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view text_;
  const Dialect* dialect_;
  std::size_t at_ = 0;
  ScanProblem problem_ = ScanProblem::kNone;
  std::size_t problem_offset_ = 0;
  std::string delimiter_;  // empty: `;`
  int frames_ = 0;
  std::size_t frame_offset_ = 0;
  // E'..' NEWLINE '..' stays in escape mode; blanks and line comments may stand around the line end.
  enum class EscapeString { kNone, kEnded, kMayGoOn } escape_string_ = EscapeString::kNone;
};

}  // namespace weir::sql
