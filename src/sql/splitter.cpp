#include "sql/splitter.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

#include "sql/client_command.hpp"
#include "sql/scanner.hpp"
#include "sql/statement_shape.hpp"

namespace weir::sql {
namespace {

// Characters that look like a blank and are none for any engine.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kInvisible = {{
    {"\xC2\x85", "U+0085"},
    {"\xC2\xA0", "U+00A0"},
    {"\xE2\x80\x8B", "U+200B"},
    {"\xE2\x80\xA8", "U+2028"},
    {"\xE3\x80\x80", "U+3000"},
    {"\xEF\xBB\xBF", "U+FEFF"},
}};

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

class Splitter {
 public:
  Splitter(std::string_view text, const Dialect& dialect, const Origin& origin, const SplitOptions& options)
      : text_(text),
        dialect_(&dialect),
        origin_(origin),
        options_(options),
        scanner_(text, dialect),
        places_(text, origin),
        shape_(dialect) {
    scanner_.set_delimiter(options.delimiter);
  }

  std::vector<Statement> run() {
    for (;;) {
      const Token token = scanner_.next();
      check_scanner();
      if (token.kind == TokenKind::kEnd) break;
      if (token.kind == TokenKind::kCommentFrame) {
        open_at(token);
        end_ = token.end();
      } else if (token.is_trivia()) {
        see_comment(token);
      } else if (!open_ && scanner_.begins_comment(token)) {
        see_comment(scanner_.comment_at(token));
      } else if (token.kind == TokenKind::kSemicolon && ends_statement()) {
        end_statement(token);
      } else {
        see_token(token);
      }
    }
    if (open_ && shape_.in_body())
      fail(begin_, "the body of this statement has no END",
           dialect_->delimiter_command ? "close the body with END; or write DELIMITER around it"
                                       : "close the body with END;");
    if (dump_key_) fail(dump_offset_, "this command has no counterpart at the end of the dump", "write it again");
    close(end_);
    return std::move(statements_);
  }

 private:
  [[noreturn]] void fail(std::size_t offset, const std::string& message, const std::string& hint) const {
    throw Error(Code::kInvalidFile, message).at(place_of(text_, offset, origin_)).hint(hint);
  }

  void check_scanner() const {
    const std::size_t at = scanner_.problem_offset();
    switch (scanner_.problem()) {
      case ScanProblem::kNone: return;
      case ScanProblem::kUnterminatedString: fail(at, "this string is never closed", "add the closing '");
      case ScanProblem::kUnterminatedDollarQuote:
        fail(at, "this dollar quote is never closed", "the closing tag must equal the opening one, letter by letter");
      case ScanProblem::kUnterminatedComment: fail(at, "this comment is never closed", "add the closing */");
      case ScanProblem::kUnterminatedIdentifier: fail(at, "this quoted name is never closed", "add the closing quote");
    }
  }

  bool ends_statement() const { return scanner_.has_own_delimiter() || shape_.semicolon_ends(); }

  void open_at(const Token& token) {
    if (open_) return;
    open_ = true;
    begin_ = token.begin;
  }

  void close(std::size_t to) {
    if (open_) {
      places_.advance_to(begin_);
      statements_.push_back({std::string(text_.substr(begin_, to - begin_)), begin_, places_.line(), places_.column()});
      shape_ = StatementShape(*dialect_);
    }
    open_ = false;
  }

  void see_comment(const Token& token) {
    if (token.kind != TokenKind::kLineComment || !options_.is_marker) return;
    if (open_ && shape_.in_body()) return;
    if (!options_.is_marker(token.text, token.begin)) return;
    close(end_);
    scanner_.set_delimiter(options_.delimiter);
  }

  void end_statement(const Token& token) {
    if (scanner_.in_frame())
      fail(scanner_.frame_offset(), "a terminator stands inside this executable comment, which cuts it in two",
           "close the comment before it, or write DELIMITER around it");
    if (!open_ || !shape_.is_copy_from_stdin()) return close(end_);
    const std::size_t data_end = end_of_copy_data(text_, token.end());
    if (data_end == std::string_view::npos)
      fail(begin_, "the data of this COPY ... FROM stdin never ends", "end the data with a line \\.");
    check_rest_of_copy_line(token.end());
    scanner_.jump(data_end);
    close(data_end);
  }

  // psql runs what stands there after the data; as a part of the statement it would be lost.
  void check_rest_of_copy_line(std::size_t from) const {
    const std::string_view line = text_.substr(from, std::min(text_.find('\n', from), text_.size()) - from);
    Scanner rest(line, *dialect_);
    for (Token token = rest.next(); token.kind != TokenKind::kEnd; token = rest.next()) {
      if (!token.is_trivia() && token.kind != TokenKind::kSemicolon)
        fail(from + token.begin, "a statement stands on the line of COPY, before its data", "put it behind the data");
    }
  }

  void see_token(const Token& token) {
    const ClientCommand command = open_ ? command_inside(token, scanner_.in_frame(), *dialect_)
                                        : command_at_start(text_, token, scanner_.delimiter(), *dialect_);
    switch (command.kind) {
      case ClientCommand::Kind::kNone: break;
      case ClientCommand::Kind::kDelimiter: scanner_.set_delimiter(command.argument); return scanner_.jump(command.end);
      case ClientCommand::Kind::kStatement:
        open_at(token);
        scanner_.jump(command.end);
        return close(command.end);
      case ClientCommand::Kind::kDump: return see_dump_command(token, command);
      case ClientCommand::Kind::kEnd: return end_statement(token);
      case ClientCommand::Kind::kInvalid:
        fail(token.begin, command.argument,
             "write `DELIMITER //` on a line of its own, and `DELIMITER ;` behind the body");
      case ClientCommand::Kind::kRefused:
        fail(token.begin, fmt::format("`{}` is a command of the client, not SQL", command.name),
             "weir sends SQL only: remove it, or write what it stands for");
    }
    if (open_ && scanner_.has_own_delimiter() && is_delimiter_line(text_, token))
      fail(begin_, fmt::format("this statement is not ended by {}", scanner_.delimiter()),
           fmt::format("add {} before the line that begins with DELIMITER", scanner_.delimiter()));
    if (!open_ && token.text == ";") return;  // not the terminator, but no statement either
    if (!open_) check_visible(token);
    open_at(token);
    shape_.see(token);
    end_ = token.end();
  }

  void see_dump_command(const Token& token, const ClientCommand& command) {
    if (options_.kind != TextKind::kDump)
      fail(token.begin, fmt::format("`{}` is a command of the client, not SQL", command.name), "remove it");
    const bool first = command.name.substr(1) == dialect_->dump_commands.front();
    if (first == dump_key_.has_value() || command.argument.empty() || (dump_key_ && *dump_key_ != command.argument))
      fail(token.begin, fmt::format("`{}` does not stand in a pair with one key", command.name),
           "pg_dump writes \\restrict KEY at the start and \\unrestrict KEY at the end");
    dump_key_ = first ? std::optional(command.argument) : std::nullopt;
    dump_offset_ = token.begin;
    scanner_.jump(command.end);
  }

  void check_visible(const Token& token) const {
    if (token.kind != TokenKind::kWord || static_cast<unsigned char>(token.text[0]) < 0x80) return;
    for (const auto& [bytes, name] : kInvisible) {
      if (token.text.starts_with(bytes))
        fail(token.begin,
             fmt::format("an invisible character ({}) stands here, which the engine takes for a name", name),
             "remove it");
    }
  }

  std::string_view text_;
  const Dialect* dialect_;
  const Origin& origin_;
  const SplitOptions& options_;
  Scanner scanner_;
  Places places_;
  StatementShape shape_;
  std::vector<Statement> statements_;
  bool open_ = false;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<std::string> dump_key_;
  std::size_t dump_offset_ = 0;
};

}  // namespace

std::vector<Statement> split_statements(std::string_view text, const Dialect& dialect, const Origin& origin,
                                        const SplitOptions& options) {
  return Splitter(text, dialect, origin, options).run();
}

std::vector<Statement> split_statements(std::string_view text, const Dialect& dialect, const Origin& origin,
                                        const MarkerCheck& is_marker) {
  return split_statements(text, dialect, origin, SplitOptions{is_marker, TextKind::kMigration, ""});
}

}  // namespace weir::sql
