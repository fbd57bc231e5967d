#include "sql/splitter.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sql/scanner.hpp"

namespace weir::sql {
namespace {

// Follows one statement word by word, to know whether a semicolon ends it. Bodies that hold semicolons of their own:
// BEGIN ATOMIC ... END of PostgreSQL routines, BEGIN ... END of SQLite triggers, parentheses (CREATE RULE ... DO (a;
// b)).
class Shape {
 public:
  explicit Shape(const Dialect& dialect) : dialect_(&dialect) {}

  void see(const Token& token) {
    if (token.text == "(") ++parentheses_;
    if (token.text == ")" && parentheses_ > 0) --parentheses_;
    if (token.kind == TokenKind::kWord) {
      if (in_body_) {
        see_body(token);
      } else {
        see_head(token);
      }
    }
    previous_is_begin_ = token.is_word("begin");
    previous_is_dot_ = token.text == ".";
  }

  bool semicolon_ends() const { return !in_body_ && (parentheses_ == 0 || !dialect_->semicolons_in_parentheses); }
  bool in_body() const { return in_body_; }
  bool is_copy_from_stdin() const { return copy_ && from_stdin_; }

 private:
  void see_head(const Token& token) {
    ++words_;
    if (words_ == 1) {
      create_ = token.is_word("create");
      copy_ = dialect_->copy_from_stdin && token.is_word("copy");
      if (token.is_word("explain")) words_ = 0;  // EXPLAIN [QUERY PLAN] <statement>
      return;
    }
    if (!create_ && words_ <= 2 && (token.is_word("query") || token.is_word("plan"))) words_ = 0;
    if (copy_) see_copy(token);
    if (create_) see_create(token);
  }

  void see_copy(const Token& token) {
    if (parentheses_ > 0) return;
    if (token.is_word("from")) copy_from_ = true;
    if (copy_from_ && token.is_word("stdin")) from_stdin_ = true;
  }

  void see_create(const Token& token) {
    if (dialect_->trigger_bodies && words_ <= 3 && token.is_word("trigger")) trigger_ = true;
    if (trigger_ && parentheses_ == 0 && !previous_is_dot_) {
      // CASE ... END may stand in the WHEN clause before BEGIN.
      if (token.is_word("case")) ++cases_;
      if (token.is_word("end") && cases_ > 0) --cases_;
      if (token.is_word("begin") && cases_ == 0) enter_body();
    }
    if (dialect_->begin_atomic && token.is_word("atomic") && previous_is_begin_) enter_body();
  }

  void enter_body() {
    in_body_ = true;
    depth_ = 1;
    cases_ = 0;
  }

  void see_body(const Token& token) {
    if (previous_is_dot_) return;  // x.end is a column
    if (token.is_word("case")) ++cases_;
    if (token.is_word("begin") && dialect_->begin_atomic) ++depth_;
    if (!token.is_word("end")) return;
    if (cases_ > 0) {
      --cases_;
    } else if (--depth_ == 0) {
      in_body_ = false;
    }
  }

  const Dialect* dialect_;
  int words_ = 0;
  int parentheses_ = 0;
  int cases_ = 0;
  int depth_ = 0;
  bool create_ = false, trigger_ = false, in_body_ = false;
  bool copy_ = false, copy_from_ = false, from_stdin_ = false;
  bool previous_is_begin_ = false, previous_is_dot_ = false;
};

[[noreturn]] void fail(std::string_view text, std::size_t offset, const Origin& origin, const std::string& message,
                       const std::string& hint) {
  throw Error(Code::kInvalidFile, message).at(place_of(text, offset, origin)).hint(hint);
}

void check(const Scanner& scanner, std::string_view text, const Origin& origin) {
  switch (scanner.problem()) {
    case ScanProblem::kNone: return;
    case ScanProblem::kUnterminatedString:
      fail(text, scanner.problem_offset(), origin, "this string is never closed", "add the closing '");
    case ScanProblem::kUnterminatedDollarQuote:
      fail(text, scanner.problem_offset(), origin, "this dollar quote is never closed",
           "the closing tag must equal the opening one, letter by letter");
    case ScanProblem::kUnterminatedComment:
      fail(text, scanner.problem_offset(), origin, "this comment is never closed", "add the closing */");
    case ScanProblem::kUnterminatedIdentifier:
      fail(text, scanner.problem_offset(), origin, "this quoted name is never closed", "add the closing quote");
  }
}

// Line and column of growing offsets, in one pass over the text.
class LineCounter {
 public:
  LineCounter(std::string_view text, const Origin& origin) : text_(text), line_(origin.line), column_(origin.column) {}
  void advance_to(std::size_t offset) {
    for (; at_ < offset; ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        column_ = 1;
      } else {
        ++column_;
      }
    }
  }
  int line() const { return line_; }
  int column() const { return column_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  int line_;
  int column_;
};

// The offset behind the `\.` line that ends COPY data, or npos.
std::size_t end_of_copy_data(std::string_view text, std::size_t from) {
  std::size_t line = text.find('\n', from);
  while (line != std::string_view::npos) {
    const std::size_t begin = line + 1;
    const std::size_t end = text.find('\n', begin);
    std::string_view content = text.substr(begin, end == std::string_view::npos ? end : end - begin);
    if (!content.empty() && content.back() == '\r') content.remove_suffix(1);
    if (content == "\\.") return end == std::string_view::npos ? text.size() : end;
    line = end;
  }
  return std::string_view::npos;
}

}  // namespace

Place place_of(std::string_view text, std::size_t offset, const Origin& origin) {
  offset = std::min(offset, text.size());
  LineCounter counter(text, origin);
  counter.advance_to(offset);
  const auto before = text.rfind('\n', offset == 0 ? 0 : offset - 1);
  const std::size_t begin = offset == 0 || before == std::string_view::npos ? 0 : before + 1;
  const auto end = text.find('\n', offset);
  std::string line(text.substr(begin, end == std::string_view::npos ? end : end - begin));
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return {origin.file, counter.line(), counter.column(), line};
}

std::vector<Statement> split_statements(std::string_view text, const Dialect& dialect, const Origin& origin,
                                        const MarkerCheck& is_marker) {
  std::vector<Statement> statements;
  Scanner scanner(text, dialect);
  LineCounter counter(text, origin);
  Shape shape(dialect);
  bool open = false;
  std::size_t begin = 0;
  std::size_t end = 0;
  const auto close = [&](std::size_t to) {
    if (open) {
      counter.advance_to(begin);
      statements.push_back({std::string(text.substr(begin, to - begin)), begin, counter.line(), counter.column()});
    }
    open = false;
    shape = Shape(dialect);
  };
  for (;;) {
    const Token token = scanner.next();
    check(scanner, text, origin);
    if (token.kind == TokenKind::kEnd) break;
    if (token.is_trivia()) {
      if (token.kind == TokenKind::kLineComment && is_marker && !shape.in_body() &&
          is_marker(token.text, token.begin)) {
        close(end);
      }
      continue;
    }
    if (token.kind == TokenKind::kSemicolon && shape.semicolon_ends()) {
      if (open && shape.is_copy_from_stdin()) {
        const std::size_t data_end = end_of_copy_data(text, token.end());
        if (data_end == std::string_view::npos) {
          fail(text, begin, origin, "the data of this COPY ... FROM stdin never ends", "end the data with a line \\.");
        }
        scanner.jump(data_end);
        close(data_end);
      } else {
        close(end);
      }
      continue;
    }
    if (!open) {
      open = true;
      begin = token.begin;
    }
    shape.see(token);
    end = token.end();
  }
  if (open && shape.in_body())
    fail(text, begin, origin, "the body of this statement has no END", "close the body with END;");
  close(end);
  return statements;
}

}  // namespace weir::sql
