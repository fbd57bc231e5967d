#include "engines/postgres/dialect.hpp"

#include <array>

namespace weir::engines::postgres {
namespace {

// pg_dump 17.6, 16.10, 15.14 and later put a dump between these two.
constexpr std::array<std::string_view, 2> kDumpCommands = {"restrict", "unrestrict"};

}  // namespace

// Source: PostgreSQL manual, "Lexical Structure"; src/backend/parser/scan.l.
const sql::Dialect& dialect() {
  static const sql::Dialect kDialect = [] {
    sql::Dialect d;
    d.nested_comments = true;
    d.lone_cr_ends_comment = true;
    d.dollar_quotes = true;
    d.escape_strings = true;
    d.dollar_in_identifiers = true;
    d.double_colon_casts = true;
    d.begin_atomic = true;
    d.semicolons_in_parentheses = true;
    d.copy_from_stdin = true;
    d.backslash_commands = true;
    d.dump_commands = kDumpCommands;
    d.markers = sql::Dialect::Markers::kDollarNumber;
    return d;
  }();
  return kDialect;
}

}  // namespace weir::engines::postgres
