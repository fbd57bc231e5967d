#include "sql/identifier.hpp"

namespace weir::sql {

std::string quote(const Dialect& dialect, const TableName& table) {
  return (table.schema.empty() ? "" : dialect.quote(table.schema) + ".") + dialect.quote(table.name);
}

}  // namespace weir::sql
