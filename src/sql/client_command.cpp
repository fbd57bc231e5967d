#include "sql/client_command.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace weir::sql {
namespace {

using Kind = ClientCommand::Kind;

constexpr std::size_t kLongestDelimiter = 15;  // the client's buffer

std::size_t line_end(std::string_view text, std::size_t at) { return std::min(text.find('\n', at), text.size()); }

bool begins_line(std::string_view text, std::size_t at) {
  const auto before = text.find_last_not_of(" \t\r", at == 0 ? std::string_view::npos : at - 1);
  return at == 0 || before == std::string_view::npos || text[before] == '\n';
}

// Source: client/mysql.cc, get_arg() and com_delimiter(): up to the first blank, or what stands in quotes.
ClientCommand read_delimiter(std::string_view text, const Token& token, std::size_t behind) {
  ClientCommand command{Kind::kDelimiter, std::string(token.text), "", line_end(text, token.begin)};
  std::string_view rest = trim(text.substr(behind, command.end - behind));
  if (!rest.empty() && (rest[0] == '\'' || rest[0] == '"' || rest[0] == '`')) {
    rest = rest.substr(1, std::min(rest.find(rest[0], 1), rest.size()) - 1);
  } else {
    rest = rest.substr(0, rest.find_first_of(" \t"));
  }
  const char behind_word = behind < command.end ? text[behind] : ' ';
  const auto invalid = [&](std::string why) {
    return ClientCommand{Kind::kInvalid, command.name, std::move(why), command.end};
  };
  if (!begins_line(text, token.begin)) return invalid("DELIMITER does not stand at the start of its line");
  if (token.kind == TokenKind::kWord && behind_word != ' ' && behind_word != '\t')
    return invalid("a blank is missing behind DELIMITER");
  if (rest.empty()) return invalid("DELIMITER has no argument");
  if (rest.find('\\') != std::string_view::npos) return invalid("a delimiter cannot hold a backslash");
  if (rest.size() > kLongestDelimiter) return invalid("a delimiter has at most 15 characters");
  command.argument = std::string(rest);
  return command;
}

// The client looks at a line as a whole: a word with a terminator in its line is sent to the server.
ClientCommand read_use(std::string_view text, const Token& token, std::string_view delimiter) {
  const std::size_t end = line_end(text, token.begin);
  const std::string_view line = text.substr(token.begin, end - token.begin);
  if (!begins_line(text, token.begin) || line.find(delimiter) != std::string_view::npos) return {};
  if (trim(line.substr(token.text.size())).empty()) return {Kind::kInvalid, "USE", "USE names no database", end};
  return {Kind::kStatement, "USE", "", token.begin + std::string_view(line).find_last_not_of(" \t\r") + 1};
}

ClientCommand read_backslash(std::string_view text, const Token& token, const Dialect& dialect) {
  const std::size_t end = line_end(text, token.begin);
  std::string_view name = text.substr(token.begin, end - token.begin);
  name = name.substr(0, name.find_first_of(" \t\r;", 1));
  const auto& dump = dialect.dump_commands;
  if (std::find(dump.begin(), dump.end(), name.substr(1)) != dump.end() && begins_line(text, token.begin))
    return {Kind::kDump, std::string(name),
            std::string(trim(text.substr(token.begin + name.size(), end - token.begin - name.size()))), end};
  return {Kind::kRefused, std::string(name), "", end};
}

}  // namespace

ClientCommand command_at_start(std::string_view text, const Token& token, std::string_view delimiter,
                               const Dialect& dialect) {
  if (token.kind == TokenKind::kBackslash) {
    if (!dialect.delimiter_command) return read_backslash(text, token, dialect);
    if (token.text == "\\d") return read_delimiter(text, token, token.end());
    return command_inside(token, false, dialect);
  }
  if (token.text == "." && dialect.dot_commands) {
    const auto end = std::min(text.find_first_of(" \t\r\n", token.begin), text.size());
    return {Kind::kRefused, std::string(text.substr(token.begin, end - token.begin)), "", end};
  }
  if (token.kind != TokenKind::kWord || !dialect.delimiter_command) return {};
  if (token.is_word("delimiter")) return read_delimiter(text, token, token.end());
  if (token.is_word("use")) return read_use(text, token, delimiter);
  const auto& words = dialect.client_words;
  if (std::find(words.begin(), words.end(), to_lower(token.text)) != words.end())
    return {Kind::kRefused, std::string(token.text), "", token.end()};
  return {};
}

ClientCommand command_inside(const Token& token, bool in_frame, const Dialect& dialect) {
  if (token.kind != TokenKind::kBackslash) return {};
  if (dialect.delimiter_command) {
    if (token.text == "\\g" || token.text == "\\G") return {Kind::kEnd, std::string(token.text), "", token.end()};
    // \N is NULL; `/*M!999999\- enable the sandbox mode */` begins a dump.
    if (token.text == "\\N" || (token.text == "\\-" && in_frame)) return {};
  }
  return {Kind::kRefused, std::string(token.text), "", token.end()};
}

bool is_delimiter_line(std::string_view text, const Token& token) {
  if (!token.is_word("delimiter") || !begins_line(text, token.begin)) return false;
  return token.end() == text.size() || text[token.end()] == ' ' || text[token.end()] == '\t' ||
         text[token.end()] == '\n';
}

}  // namespace weir::sql
