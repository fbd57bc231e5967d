#include "engines/sqlite/explain.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/dialect.hpp"
#include "sql/table_aliases.hpp"

namespace weir::engines::sqlite {
namespace {

// SCAN t, SCAN t USING COVERING INDEX i; SEARCH t USING AUTOMATIC INDEX reads the table to build that index.
bool reads_all(const std::string& detail, const std::string& name) {
  const std::string text = to_lower(detail) + " ";
  const bool scans = text.starts_with("scan " + name + " ") || text.starts_with("scan table " + name + " ");
  return scans || (text.starts_with("search " + name + " ") && text.find(" automatic ") != std::string::npos);
}

}  // namespace

std::optional<db::Plan> explain(Connection& connection, const db::PlanRequest& request) {
  const auto rendered = request.statement.render(request.fragments);
  const auto names = sql::names_of_table(request.statement.text(), request.table.name, dialect());
  const auto answer =
      connection.execute({"EXPLAIN QUERY PLAN " + rendered.sql, db::bind(rendered.names, request.bindings)});
  db::Plan plan;
  std::map<std::int64_t, std::size_t> depths;  // of a node, by its number
  for (const auto& row : answer.rows) {
    const std::string detail = db::as_text(row.at(3));
    const auto parent = depths.find(db::as_integer(row.at(1)));
    const std::size_t depth = parent == depths.end() ? 0 : parent->second + 1;
    depths[db::as_integer(row.at(0))] = depth;
    plan.lines.push_back(std::string(2 * depth, ' ') + detail);
    plan.scans_table = plan.scans_table || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
                         return reads_all(detail, name);
                       });
  }
  return plan;
}

}  // namespace weir::engines::sqlite
