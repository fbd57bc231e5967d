// Conditions on the key of a row as SQL, with `:prefix0`, `:prefix1` ... for the columns of a bound key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backfill/program.hpp"

namespace weir::backfill {

class KeySql {
 public:
  KeySql(const Program& program, const sql::Dialect& dialect);

  // a, b
  std::string list() const;
  // a DESC, b DESC
  std::string descending() const;
  // key > :prefix and key <= :prefix. A planner does not estimate two row comparisons as a range; it does so for the
  // bounds of the leading column, which say nothing new.
  std::string above(std::string_view prefix) const { return compare(">", ">=", prefix); }
  std::string up_to(std::string_view prefix) const { return compare("<=", "<=", prefix); }
  std::string equal_to(std::string_view prefix) const;
  std::string leading_at_least(std::string_view name) const;
  std::string not_null() const;

 private:
  std::string compare(std::string_view whole, std::string_view leading, std::string_view prefix) const;
  std::string expand(std::string_view whole, const std::vector<std::string>& values) const;

  std::vector<std::string> columns_;
  std::vector<std::string> comparands_;
  bool expanded_;
};

}  // namespace weir::backfill
