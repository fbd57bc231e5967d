#include "db/catalogue.hpp"

#include <algorithm>

namespace weir::db {

const Column* TableInfo::column(std::string_view wanted) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == wanted; });
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace weir::db
