#include "engines/mysql/explain.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "engines/mysql/batch_text.hpp"
#include "engines/mysql/connection.hpp"
#include "engines/mysql/dialect.hpp"
#include "sql/table_aliases.hpp"

namespace weir::engines::mysql {
namespace {

// One row of the answer, by the names of its columns.
class Step {
 public:
  Step(const db::Result& answer, const db::Row& row) : answer_(answer), row_(row) {}
  std::string operator[](std::string_view column) const {
    for (std::size_t i = 0; i < answer_.columns.size(); ++i) {
      if (equals_icase(answer_.columns[i], column)) return db::as_text(row_[i]);
    }
    return {};
  }

 private:
  const db::Result& answer_;
  const db::Row& row_;
};

std::string line_of(const Step& step) {
  std::string line = step["select_type"];
  const auto add = [&](std::string_view text, const std::string& value) {
    if (!value.empty()) line += fmt::format("{}{}", text, value);
  };
  add(" ", step["table"]);
  add(": type ", step["type"]);
  add(", key ", step["key"]);
  add(", rows ", step["rows"]);
  add(", ", step["Extra"]);
  return line;
}

}  // namespace

std::optional<db::Plan> explain(Connection& connection, const db::PlanRequest& request) {
  // The batch sends its values as literals; a statement with markers may be planned otherwise.
  std::string sql = "EXPLAIN FORMAT=TRADITIONAL ";
  BatchText(request.statement, request.fragments).append_to(sql, request.bindings);
  const auto names = sql::names_of_table(request.statement.text(), request.table.name, dialect());
  const db::Result answer = connection.query(sql);
  db::Plan plan;
  for (const auto& row : answer.rows) {
    const Step step(answer, row);
    plan.lines.push_back(line_of(step));
    const std::string type = to_lower(step["type"]);
    const bool reads_all = type == "all" || type == "index";
    plan.scans_table = plan.scans_table || (reads_all && names.contains(to_lower(step["table"])));
  }
  return plan;
}

}  // namespace weir::engines::mysql
