// A value of a column: NULL, an integer, a floating-point number, a text, or bytes.
//
// Which of them a column arrives as depends on the database. SQLite gives every value the type that it was stored with;
// MySQL and MariaDB give integers and numbers as such and everything else as text; PostgreSQL gives everything but NULL
// as the text that psql shows. Code that shall work everywhere asks for what it needs (Row::integer(), Row::text() ...
// in row_program.hpp) instead of looking which alternative is there.
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
