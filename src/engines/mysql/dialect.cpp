#include "engines/mysql/dialect.hpp"

#include <array>

namespace weir::engines::mysql {
namespace {

// Words that begin a command of the client, with a terminator or without. `use`, which is one too, is a statement of
// the server as well.
constexpr std::array<std::string_view, 24> kClientWords = {
    "charset", "clear",  "connect",          "edit",   "ego",       "exit",
    "go",      "help",   "nopager",          "notee",  "nowarning", "pager",
    "print",   "prompt", "query_attributes", "quit",   "rehash",    "resetconnection",
    "sandbox", "source", "status",           "system", "tee",       "warnings"};

sql::Dialect common() {
  sql::Dialect d;
  d.hash_comments = true;
  d.dash_comment_needs_blank = true;
  d.backslash_in_strings = true;
  d.double_quoted_strings = true;
  d.backtick_identifiers = true;
  d.dollar_in_identifiers = true;
  d.executable_comments = true;
  d.stored_programs = true;
  d.delimiter_command = true;
  d.backslash_commands = true;
  d.client_words = kClientWords;
  d.identifier_quote = '`';
  d.markers = sql::Dialect::Markers::kQuestion;
  return d;
}

}  // namespace

const sql::Dialect& dialect() {
  static const sql::Dialect kDialect = common();
  return kDialect;
}

const sql::Dialect& mariadb_dialect() {
  static const sql::Dialect kDialect = [] {
    sql::Dialect d = common();
    d.m_executable_comments = true;
    d.compound_statements = true;
    return d;
  }();
  return kDialect;
}

}  // namespace weir::engines::mysql
