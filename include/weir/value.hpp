// A value of a column: NULL, an integer, a floating-point number, a text, or bytes.
//
// A row program is given bytes as bytes, floating-point numbers as such, exactly, whole numbers and truth values as
// integers where they fit, and everything else as text, on every engine. What is a number in a schema may still be a
// text in SQLite, which stores what it is given; RowView::integer(), text() ... (row_program.hpp) convert and check.
//
// Values are plain data: copying and reading them is thread-safe like that of any standard container.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace weir {

struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// std::monostate is NULL. A text is UTF-8 when the database says so; weir does not look.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

inline bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }

}  // namespace weir
