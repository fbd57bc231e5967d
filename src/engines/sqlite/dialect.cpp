#include "engines/sqlite/dialect.hpp"

namespace weir::engines::sqlite {

const sql::Dialect& dialect() {
  static const sql::Dialect kDialect = [] {
    sql::Dialect d;
    d.open_comment_at_end = true;
    d.backtick_identifiers = true;
    d.bracket_identifiers = true;
    d.dollar_in_identifiers = true;
    d.byte_order_mark_is_blank = true;
    d.trigger_bodies = true;
    d.dot_commands = true;
    d.markers = sql::Dialect::Markers::kQuestionNumber;
    return d;
  }();
  return kDialect;
}

}  // namespace weir::engines::sqlite
