#include "engines/mysql/dialect.hpp"

namespace weir::engines::mysql {

// Source: MySQL manual, "Comments", "String Literals", "Schema Object Names".
const sql::Dialect& dialect() {
  static const sql::Dialect value{
      .hash_comments = true,
      .dash_comment_needs_blank = true,
      .backslash_in_strings = true,
      .double_quoted_strings = true,
      .backtick_identifiers = true,
      .dollar_in_identifiers = true,
      .identifier_quote = '`',
      .markers = sql::Dialect::Markers::kQuestion,
  };
  return value;
}

}  // namespace weir::engines::mysql
