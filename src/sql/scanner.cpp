#include "sql/scanner.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace weir::sql {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_control(char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word_part(char c) { return is_word_start(c) || is_digit(c); }

}  // namespace

bool Token::is_word(std::string_view lower_case) const {
  return kind == TokenKind::kWord && equals_icase(text, lower_case);
}

Token Scanner::take(TokenKind kind, std::size_t end) {
  const Token token{kind, at_, text_.substr(at_, end - at_)};
  at_ = end;
  return token;
}

Token Scanner::fail(ScanProblem problem, TokenKind kind) {
  problem_ = problem;
  problem_offset_ = at_;
  return take(kind, text_.size());
}

Token Scanner::next() {
  if (at_ >= text_.size()) {
    if (frames_ > 0 && problem_ == ScanProblem::kNone) {
      problem_ = ScanProblem::kUnterminatedComment;
      problem_offset_ = frame_offset_;
    }
    return {TokenKind::kEnd, text_.size(), {}};
  }
  if (at_delimiter(at_)) return take(TokenKind::kSemicolon, at_ + delimiter_.size());
  const char c = text_[at_];
  if (is_blank(c)) return blank();
  if (c == '-' && peek(1) == '-' && (!dialect_->dash_comment_needs_blank || is_blank(peek(2)) || is_control(peek(2))))
    return line_comment();
  if (c == '#' && dialect_->hash_comments) return line_comment();
  if (auto token = quote()) return *token;
  if (c == '/' && peek(1) == '*') return comment_or_frame();
  if (c == '*' && peek(1) == '/' && frames_ > 0) {
    --frames_;
    return take(TokenKind::kCommentFrame, at_ + 2);
  }
  if (dialect_->byte_order_mark_is_blank && text_.substr(at_, 3) == "\xEF\xBB\xBF")
    return take(TokenKind::kBlank, at_ + 3);
  if (is_word_start(c)) return word();
  if (is_digit(c)) return number();
  if (c == ';' && delimiter_.empty()) return take(TokenKind::kSemicolon, at_ + 1);
  if (c == '\\' && dialect_->backslash_commands)
    return take(TokenKind::kBackslash, std::min(at_ + (peek(1) == '\n' ? 1 : 2), text_.size()));
  if (c == ':') {
    if (peek(1) == ':') return take(TokenKind::kOther, at_ + 2);
    // `a[1:n]` and `:=` are no placeholders; neither is a colon glued to the end of a word or bracket.
    const char before = at_ > 0 ? text_[at_ - 1] : ' ';
    const bool glued = is_word_part(before) || before == ']' || before == ')' || before == '"';
    if (is_word_start(peek(1)) && !glued) {
      std::size_t end = at_ + 1;
      while (end < text_.size() && is_word_part(text_[end]) && !at_delimiter(end)) ++end;
      return take(TokenKind::kPlaceholder, end);
    }
  }
  return take(TokenKind::kOther, at_ + 1);
}

Token Scanner::blank() {
  std::size_t end = at_;
  bool newline = false;
  for (; end < text_.size() && is_blank(text_[end]) && !at_delimiter(end); ++end)
    newline = newline || text_[end] == '\n' || text_[end] == '\r';
  // The SQL standard lets a string go on behind a line end.
  if (newline && escape_string_ == EscapeString::kEnded) escape_string_ = EscapeString::kMayGoOn;
  return take(TokenKind::kBlank, end);
}

// A string or a quoted name, in any of the dialect's quotes.
std::optional<Token> Scanner::quote() {
  const char c = text_[at_];
  const bool continued = std::exchange(escape_string_, EscapeString::kNone) == EscapeString::kMayGoOn;
  if (c == '\'') return quoted('\'', dialect_->backslash_in_strings || continued, TokenKind::kString, 0);
  if (c == '"') {
    return dialect_->double_quoted_strings ? quoted('"', dialect_->backslash_in_strings, TokenKind::kString, 0)
                                           : quoted('"', false, TokenKind::kQuotedIdentifier, 0);
  }
  if (c == '`' && dialect_->backtick_identifiers) return quoted('`', false, TokenKind::kQuotedIdentifier, 0);
  if (c == '[' && dialect_->bracket_identifiers) {
    const auto close = text_.find(']', at_);
    return close == std::string_view::npos ? fail(ScanProblem::kUnterminatedIdentifier, TokenKind::kQuotedIdentifier)
                                           : take(TokenKind::kQuotedIdentifier, close + 1);
  }
  if (c == '$' && dialect_->dollar_quotes) {
    if (const std::size_t tag_end = dollar_tag_end(); tag_end != 0) return dollar_quote(tag_end);
  }
  if ((c == 'e' || c == 'E') && peek(1) == '\'' && dialect_->escape_strings)
    return quoted('\'', true, TokenKind::kString, 1);
  return std::nullopt;
}

std::size_t Scanner::frame_length() const {
  if (!dialect_->executable_comments) return 0;
  std::size_t length = peek(2) == '!' ? 3 : peek(2) == 'M' && peek(3) == '!' && dialect_->m_executable_comments ? 4 : 0;
  for (int digits = 0; length != 0 && digits < 6 && is_digit(peek(length)); ++digits) ++length;
  return length;
}

Token Scanner::comment_or_frame() {
  const std::size_t length = frame_length();
  if (length == 0) return block_comment();
  if (frames_++ == 0) frame_offset_ = at_;
  return take(TokenKind::kCommentFrame, at_ + length);
}

Token Scanner::line_comment() {
  std::size_t end = at_;
  while (end < text_.size() && text_[end] != '\n' && !(text_[end] == '\r' && dialect_->lone_cr_ends_comment)) ++end;
  if (end > at_ && end < text_.size() && text_[end] == '\n' && text_[end - 1] == '\r') --end;
  return take(TokenKind::kLineComment, end);
}

Token Scanner::block_comment() {
  std::size_t depth = 1;
  std::size_t end = at_ + 2;
  while (end < text_.size() && depth > 0) {
    if (text_[end] == '*' && end + 1 < text_.size() && text_[end + 1] == '/') {
      --depth;
      end += 2;
    } else if (dialect_->nested_comments && text_[end] == '/' && end + 1 < text_.size() && text_[end + 1] == '*') {
      ++depth;
      end += 2;
    } else {
      ++end;
    }
  }
  if (depth > 0 && !dialect_->open_comment_at_end)
    return fail(ScanProblem::kUnterminatedComment, TokenKind::kBlockComment);
  return take(TokenKind::kBlockComment, end);
}

// `opening` counts the characters before the quote (the E of E'...').
Token Scanner::quoted(char quote, bool backslashes, TokenKind kind, std::size_t opening) {
  std::size_t end = at_ + opening + 1;
  while (end < text_.size()) {
    if (backslashes && text_[end] == '\\') {
      end += 2;
    } else if (text_[end] != quote) {
      ++end;
    } else if (end + 1 < text_.size() && text_[end + 1] == quote) {
      end += 2;
    } else {
      const Token token = take(kind, end + 1);
      if (dialect_->escape_strings && backslashes) escape_string_ = EscapeString::kEnded;
      return token;
    }
  }
  return fail(kind == TokenKind::kString ? ScanProblem::kUnterminatedString : ScanProblem::kUnterminatedIdentifier,
              kind);
}

// The offset behind the second $ of `$tag$`, or 0 when this $ opens no dollar quote.
std::size_t Scanner::dollar_tag_end() const {
  std::size_t end = at_ + 1;
  if (end < text_.size() && is_digit(text_[end])) return 0;
  while (end < text_.size() && is_word_part(text_[end])) ++end;
  return end < text_.size() && text_[end] == '$' ? end + 1 : 0;
}

Token Scanner::dollar_quote(std::size_t tag_end) {
  const std::string_view tag = text_.substr(at_, tag_end - at_);
  const auto close = text_.find(tag, tag_end);
  if (close == std::string_view::npos) return fail(ScanProblem::kUnterminatedDollarQuote, TokenKind::kString);
  return take(TokenKind::kString, close + tag.size());
}

Token Scanner::word() {
  std::size_t end = at_;
  while (end < text_.size() && !at_delimiter(end) &&
         (is_word_part(text_[end]) || (text_[end] == '$' && dialect_->dollar_in_identifiers)))
    ++end;
  return take(TokenKind::kWord, end);
}

Token Scanner::number() {
  std::size_t end = at_;
  while (end < text_.size() && (is_word_part(text_[end]) || text_[end] == '.') && !at_delimiter(end)) ++end;
  return take(TokenKind::kNumber, end);
}

}  // namespace weir::sql
