#include "backfill/first_batch.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::backfill {
namespace {

db::Result execute(db::Connection& connection, const sql::Rendered& rendered, const db::Bindings& bindings) {
  return connection.execute({rendered.sql, db::bind(rendered.names, bindings)});
}

Error does_not_shrink(const Program& program, std::int64_t changed) {
  return Error(Code::kResidualDoesNotShrink,
               fmt::format("the change does not make `where` false: {} rows were changed and still match it",
                           human_count(changed)))
      .at(program.migration->data.where->place)
      .hint("the batch was rolled back and nothing was changed; make migrate:batch write what `where` looks for");
}

}  // namespace

std::int64_t run_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                             const db::BatchSource& source, Lower lower, const db::Bindings& bindings) {
  const sql::Dialect& dialect = ledger.database().dialect();
  db::Transaction transaction(worker);
  std::int64_t changed = 0;
  for (const auto& change : source.changes)
    changed = execute(worker, change.render(source.fragments), bindings).affected;
  if (changed > 0) {
    const auto unchanged = sql::Template(unchanged_sql(program, dialect, lower), dialect).render();
    if (db::as_integer(execute(worker, unchanged, bindings).rows.at(0).at(0)) >= changed)
      throw does_not_shrink(program, changed);
  }
  db::Bindings with_rows = bindings;
  with_rows.emplace_back(std::string(db::kRowsPlaceholder), changed);
  if (execute(worker, source.checkpoint.render(), with_rows).affected != 1)
    throw Error(Code::kLeaseLost, "another worker took this slice over");
  transaction.commit();
  return changed;
}

}  // namespace weir::backfill
