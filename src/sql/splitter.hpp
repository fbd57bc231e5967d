// SQL text -> statements, exactly as the engine's own server would take them apart. Linear in the text.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/dialect.hpp"
#include "sql/place.hpp"

namespace weir::sql {

// One statement without its terminator. For valid input the statements and what lies between them are the input.
struct Statement {
  std::string text;
  std::size_t offset = 0;  // of its first byte in the text that was split
  int line = 1;            // from 1, in the user's file
  int column = 1;
};

// Sees every line comment outside strings, comments, bodies and COPY data, also one behind other text of its line. When
// it answers true the comment is a marker: it ends the statement before it, terminated or not.
using MarkerCheck = std::function<bool(std::string_view comment, std::size_t offset)>;

// What a text is; it decides about the commands of a client.
enum class TextKind {
  kMigration,
  kDump,  // may stand between the Dialect::dump_commands
};

struct SplitOptions {
  MarkerCheck is_marker;
  TextKind kind = TextKind::kMigration;
  std::string delimiter;  // the terminator at the beginning, and again behind every marker; empty: `;`
};

// Errors: kInvalidFile for an unterminated string, comment, dollar quote or body, at the place where it was opened, and
// for a command that only the engine's client understands.
std::vector<Statement> split_statements(std::string_view text, const Dialect& dialect, const Origin& origin,
                                        const SplitOptions& options);
std::vector<Statement> split_statements(std::string_view text, const Dialect& dialect, const Origin& origin,
                                        const MarkerCheck& is_marker = nullptr);

}  // namespace weir::sql
