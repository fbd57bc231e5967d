#include "backfill/batch_plan.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/lookup.hpp"
#include "backfill/row_sql.hpp"
#include "backfill/slicing.hpp"
#include "base/error.hpp"

namespace weir::backfill {
namespace {

class BatchPlanner {
 public:
  BatchPlanner(const db::Database& database, db::Connection& connection, const Program& program)
      : database_(database), connection_(connection), program_(program) {}

  // Small tables are looked at only if `small_too`.
  std::optional<BatchPlan> plan(bool small_too) {
    const auto upper = find_upper(database_, connection_, program_);
    if (!upper) return std::nullopt;
    BatchPlan plan;
    plan.small = is_small(*upper);
    if (plan.small && !small_too) return plan;
    if (!plan.small) plan.range.lower = middle(*upper);
    plan.range.upper = end_of_batch(database_, connection_, program_, plan.range.lower, *upper);
    explain_statements(plan);
    return plan;
  }

 private:
  bool is_small(const db::Row& upper) {
    const std::int64_t few = std::max(kSmallBatches * program_.batch_rows, kSmallRows);
    if (!program_.heap) return !key_behind(database_, connection_, program_, std::nullopt, upper, few);
    const auto pages = static_cast<double>(db::PhysicalOrder::page_of(upper.front()) + 1);
    return pages * program_.heap->rows_per_page < static_cast<double>(few);
  }

  std::optional<db::Row> middle(const db::Row& upper) {
    auto halves = cut_slices(database_, connection_, program_, upper, 2);
    if (halves.size() == 2) return halves.front().upper;
    return key_behind(database_, connection_, program_, std::nullopt, upper, kSmallBatches / 2 * program_.batch_rows);
  }

  void explain_statements(BatchPlan& plan) {
    const auto& dialect = database_.dialect();
    const Lower lower = plan.range.lower ? Lower::kExclusive : Lower::kOpen;
    auto fragments = batch_fragments(program_, dialect, lower);
    fragments.insert(program_.typed_parameters.begin(), program_.typed_parameters.end());
    const auto bindings = batch_bindings(program_, plan.range.lower, plan.range.upper);
    for (const auto& statement : statements()) {
      plan.statements.push_back(explain(statement, fragments, bindings));
      plan.scans_table = plan.scans_table || (plan.statements.back() && plan.statements.back()->scans_table);
    }
    if (!plan.scans_table) return;
    const auto range = explain(sql::Template(range_sql(program_, dialect, lower), dialect), fragments, bindings);
    plan.range_scans_table = range && range->scans_table;
  }

  // Of a row program that which reads its rows: they are written by their keys.
  std::vector<sql::Template> statements() const {
    const sql::Dialect& dialect = database_.dialect();
    if (program_.migration->has_row_program()) return {{RowSql(database_, program_).read(":batch"), dialect}};
    std::vector<sql::Template> statements;
    for (const auto& statement : program_.migration->batch_statements())
      statements.emplace_back(statement.text, dialect);
    return statements;
  }

  // What cannot be explained is not refused; the batch itself will tell what is wrong.
  std::optional<db::Plan> explain(const sql::Template& statement, const std::map<std::string, std::string>& fragments,
                                  const db::Bindings& bindings) {
    try {
      return connection_.explain({statement, fragments, bindings, program_.table.name});
    } catch (const Error& error) {
      if (error.is_transient() || error.code() == Code::kCancelled) throw;
      return std::nullopt;
    }
  }

  const db::Database& database_;
  db::Connection& connection_;
  const Program& program_;
};

std::string lines_of(const BatchPlan& plan) {
  std::string text;
  for (const auto& statement : plan.statements) {
    if (!statement || !statement->scans_table) continue;
    for (const auto& line : statement->lines) text += "\n  " + line;
  }
  return text;
}

}  // namespace

std::optional<BatchPlan> plan_batch(const db::Database& database, db::Connection& connection, const Program& program) {
  return BatchPlanner(database, connection, program).plan(true);
}

void refuse_scan(const db::Database& database, db::Connection& connection, const Program& program) {
  const project::Migration& migration = *program.migration;
  if (migration.has_row_program() && !program.where) return;  // a range of keys and nothing else
  const auto plan = BatchPlanner(database, connection, program).plan(false);
  if (!plan || !plan->refused()) return;
  const auto scan = std::find_if(plan->statements.begin(), plan->statements.end(),
                                 [](const auto& statement) { return statement && statement->scans_table; });
  const auto index = static_cast<std::size_t>(scan - plan->statements.begin());
  throw Error(Code::kScansTable,
              fmt::format("every batch would read the whole table {}", program.migration->data.over.text))
      .at(migration.has_row_program() ? migration.data.where->place
                                      : migration.place_in(migration.batch_statements().at(index)))
      .hint(fmt::format("{}; `weir run {} --allow-scan` runs it all the same. Its plan:{}",
                        migration.has_row_program()
                            ? "let `where` look at nothing but the row itself"
                            : "let the statement keep to `:batch`, with nothing that hides the key from its index",
                        migration.name, lines_of(*plan)));
}

}  // namespace weir::backfill
