// Commands that an engine's own client takes out of a file and never sends: DELIMITER, \g, source, \connect, .read.
// Those that only shape the text are followed; any other is refused by its name, because a server cannot run it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sql/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::sql {

struct ClientCommand {
  enum class Kind {
    kNone,
    kDelimiter,  // `argument` is the new terminator
    kStatement,  // the line is a statement of its own, without a terminator: USE name
    kDump,       // one of Dialect::dump_commands with its `argument`
    kEnd,        // ends the statement as a terminator does: \g, \G
    kRefused,    // the server cannot run it
    kInvalid,    // DELIMITER with a wrong argument; `argument` says what is wrong
  };
  Kind kind = Kind::kNone;
  std::string name;  // as written, for errors
  std::string argument;
  std::size_t end = 0;  // offset behind the command
};

// The command that `token`, the first of a statement, begins.
ClientCommand command_at_start(std::string_view text, const Token& token, std::string_view delimiter,
                               const Dialect& dialect);

// The command of a kBackslash token inside a statement or executable comment.
ClientCommand command_inside(const Token& token, bool in_frame, const Dialect& dialect);

// Whether the line of `token` begins with it and it is a DELIMITER command, which inside a statement means that the
// statement before it was not ended.
bool is_delimiter_line(std::string_view text, const Token& token);

}  // namespace weir::sql
