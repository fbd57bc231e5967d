// SQL with `:name` placeholders, as users write it in migrations and weir writes it for its own statements.
// Placeholders are found by the scanner, never in strings, comments or casts; a value is always bound, never pasted.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sql/dialect.hpp"

namespace weir::sql {

// SQL for the driver. `names[i]` is the parameter bound at the (i+1)-th marker; a name used twice stands there twice.
struct Rendered {
  std::string sql;
  std::vector<std::string> names;
  // Pieces of `sql` that were copied from the template: {offset in sql, offset in the template, length}.
  struct Piece {
    std::size_t rendered;
    std::size_t source;
    std::size_t length;
  };
  std::vector<Piece> pieces;
  // The template offset of a byte of `sql`; the nearest copied byte before it if it came from a fragment.
  std::size_t source_offset(std::size_t rendered_offset) const;
};

struct Placeholder {
  std::string name;
  std::size_t offset = 0;
  std::size_t length = 0;
};
std::vector<Placeholder> find_placeholders(std::string_view text, const Dialect& dialect);

class Template {
 public:
  Template(std::string text, const Dialect& dialect);

  const std::string& text() const { return text_; }
  bool uses(std::string_view name) const;

  // Replaces each placeholder that `fragments` names by that SQL (which may hold placeholders of its own, but no
  // fragments) and every other by the dialect's parameter marker.
  Rendered render(const std::map<std::string, std::string>& fragments = {}) const;
  // Only replaces the placeholders that `fragments` names; the result is template text again.
  std::string expand(const std::map<std::string, std::string>& fragments) const;

 private:
  std::string text_;
  const Dialect* dialect_;
  std::vector<Placeholder> placeholders_;
};

}  // namespace weir::sql
