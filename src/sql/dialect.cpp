#include "sql/dialect.hpp"

namespace weir::sql {

std::string Dialect::marker(std::size_t n) const {
  switch (markers) {
    case Markers::kDollarNumber: return "$" + std::to_string(n);
    case Markers::kQuestionNumber: return "?" + std::to_string(n);
    case Markers::kQuestion: return "?";
  }
  return "?";
}

std::string Dialect::quote(std::string_view name) const {
  std::string quoted(1, identifier_quote);
  for (const char c : name) {
    if (c == identifier_quote) quoted += c;
    quoted += c;
  }
  return quoted + identifier_quote;
}

}  // namespace weir::sql
