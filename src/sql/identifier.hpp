// Names of tables and columns as values. An identifier becomes SQL only through Dialect::quote().
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "sql/dialect.hpp"

namespace weir::sql {

// A table, exactly as the catalogue spells it. An empty schema means the engine's default one.
struct TableName {
  std::string schema;
  std::string name;
  auto operator<=>(const TableName&) const = default;
};

std::string quote(const Dialect& dialect, const TableName& table);

}  // namespace weir::sql
