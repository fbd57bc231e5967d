#include "engines/postgres/dialect.hpp"

namespace weir::engines::postgres {

// Source: PostgreSQL manual, "Lexical Structure"; src/backend/parser/scan.l.
const sql::Dialect& dialect() {
  static const sql::Dialect value{
      .nested_comments = true,
      .lone_cr_ends_comment = true,
      .dollar_quotes = true,
      .escape_strings = true,
      .dollar_in_identifiers = true,
      .double_colon_casts = true,
      .begin_atomic = true,
      .semicolons_in_parentheses = true,
      .copy_from_stdin = true,
      .identifier_quote = '"',
      .markers = sql::Dialect::Markers::kDollarNumber,
  };
  return value;
}

}  // namespace weir::engines::postgres
