#include "backfill/key_sql.hpp"

#include <fmt/format.h>

namespace weir::backfill {
namespace {

// (a, b) or a
std::string tuple(const std::vector<std::string>& parts) {
  return parts.size() == 1 ? parts[0] : fmt::format("({})", fmt::join(parts, ", "));
}

}  // namespace

KeySql::KeySql(const Program& program, const sql::Dialect& dialect) : expanded_(program.expand_row_comparisons) {
  for (const auto& name : program.key) {
    const db::Column* column = program.table.column(name);
    columns_.push_back(dialect.quote(name));
    comparands_.push_back(column == nullptr || column->comparand.empty() ? "{}" : column->comparand);
  }
}

std::string KeySql::list() const { return fmt::format("{}", fmt::join(columns_, ", ")); }

std::string KeySql::descending() const { return fmt::format("{} DESC", fmt::join(columns_, " DESC, ")); }

std::string KeySql::equal_to(std::string_view prefix) const {
  std::string sql;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string value = fmt::format(fmt::runtime(comparands_[i]), fmt::format(":{}{}", prefix, i));
    sql += fmt::format("{}{} = {}", i == 0 ? "" : " AND ", columns_[i], value);
  }
  return sql;
}

std::string KeySql::leading_at_least(std::string_view name) const {
  return fmt::format("{} >= {}", columns_[0], fmt::format(fmt::runtime(comparands_[0]), fmt::format(":{}", name)));
}

std::string KeySql::not_null() const { return fmt::format("{} IS NOT NULL", fmt::join(columns_, " IS NOT NULL AND ")); }

std::string KeySql::compare(std::string_view whole, std::string_view leading, std::string_view prefix) const {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    values.push_back(fmt::format(fmt::runtime(comparands_[i]), fmt::format(":{}{}", prefix, i)));
  }
  const std::string sql = expanded_ && columns_.size() > 1
                              ? expand(whole, values)
                              : fmt::format("{} {} {}", tuple(columns_), whole, tuple(values));
  return columns_.size() == 1 ? sql : fmt::format("{} {} {} AND {}", columns_[0], leading, values[0], sql);
}

// (a, b) <= (x, y) without a row: (a < x OR a = x AND b <= y)
std::string KeySql::expand(std::string_view whole, const std::vector<std::string>& values) const {
  const std::string_view strict = whole.substr(0, 1);
  std::string sql;
  std::string equal;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool last = i + 1 == columns_.size();
    sql += fmt::format("{}{}{} {} {}", i == 0 ? "" : " OR ", equal, columns_[i], last ? whole : strict, values[i]);
    equal += fmt::format("{} = {} AND ", columns_[i], values[i]);
  }
  return "(" + sql + ")";
}

}  // namespace weir::backfill
