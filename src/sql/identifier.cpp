#include "sql/identifier.hpp"

namespace weir::sql {

std::string quote(const Dialect& dialect, const TableName& table) {
  return (table.schema.empty() ? "" : dialect.quote(table.schema) + ".") + dialect.quote(table.name);
}

std::string quote_list(const Dialect& dialect, const std::vector<std::string>& columns) {
  std::string list;
  for (const auto& column : columns) list += (list.empty() ? "" : ", ") + dialect.quote(column);
  return list;
}

}  // namespace weir::sql
