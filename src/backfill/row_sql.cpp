#include "backfill/row_sql.hpp"

#include <fmt/format.h>

#include "backfill/key_sql.hpp"

namespace weir::backfill {

RowSql::RowSql(const db::Database& database, const Program& program) : database_(database), program_(program) {}

std::string RowSql::read(const std::string& condition) const {
  const sql::Dialect& dialect = database_.dialect();
  const KeySql key(program_, dialect);
  std::string columns = key.list();
  for (const auto& column : program_.read) columns += ", " + dialect.quote(column.name);
  for (const auto& column : program_.read) {
    if (const auto exact = database_.exact_value(column, dialect.quote(column.name)); !exact.empty())
      columns += ", " + exact;
  }
  return fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {}", columns, sql::quote(dialect, program_.table.name),
                     condition, key.list());
}

std::string RowSql::lock(const std::string& condition) const {
  return fmt::format("{} {}", read(condition), database_.row_syntax().lock);
}

std::string RowSql::write() const {
  const sql::Dialect& dialect = database_.dialect();
  std::vector<std::string> set;
  for (std::size_t i = 0; i < program_.write.size(); ++i)
    set.push_back(fmt::format("{} = :weir_new{}", dialect.quote(program_.write[i].name), i));
  return fmt::format("UPDATE {} SET {} WHERE {}", sql::quote(dialect, program_.table.name), fmt::join(set, ", "),
                     KeySql(program_, dialect).equal_to("weir_key"));
}

}  // namespace weir::backfill
