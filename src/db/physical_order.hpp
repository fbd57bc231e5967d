// The order in which an engine stores the rows of a table, for walking it page by page: sequential reading where the
// order of every key is random, and a way through tables without a unique key. A place is the text `(page,position)`.
#pragma once

#include <cstdint>
#include <string>

#include "db/value.hpp"

namespace weir::db {

struct PhysicalOrder {
  std::string column;          // that holds a row's place
  std::int64_t pages = 0;      // of the table now
  double rows_per_page = 1;    // estimate
  std::int64_t positions = 0;  // no position on a page is greater

  // The greatest place on a page, whether or not there is a row.
  Value end_of(std::int64_t page) const { return "(" + std::to_string(page) + "," + std::to_string(positions) + ")"; }
  static std::int64_t page_of(const Value& place) {
    const std::string text = as_text(place);
    return parse_integer(Value(text.substr(1, text.find(',') - 1))).value_or(0);
  }
};

}  // namespace weir::db
