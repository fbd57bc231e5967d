#include "backfill/first_batch.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"

namespace weir::backfill {
namespace {

// Rows that others insert into the range between the two counts look like rows that the change left as they were.
constexpr int kJudgements = 3;

db::Result execute(db::Connection& connection, const sql::Rendered& rendered, const db::Bindings& bindings) {
  return connection.execute({rendered.sql, db::bind(rendered.names, bindings)});
}

FirstBatch try_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                           const db::BatchSource& source, Lower lower, const db::Bindings& bindings) {
  const sql::Dialect& dialect = ledger.database().dialect();
  const auto matching = sql::Template(matching_sql(program, dialect, lower), dialect).render();
  const auto count = [&] { return db::as_integer(execute(worker, matching, bindings).rows.at(0).at(0)); };
  db::Transaction transaction(worker);
  const std::int64_t before = count();
  const auto execute_own = [&](const std::vector<sql::Template>& own) {
    for (const auto& statement : own) execute(worker, statement.render(), bindings);
  };
  execute_own(source.before);
  FirstBatch batch;
  bool changed = false;
  for (const auto& change : source.changes) {
    batch.rows = execute(worker, change.render(source.fragments), bindings).affected;
    changed = changed || batch.rows > 0;
  }
  if (changed && before > 0) {
    if (count() >= before) throw does_not_shrink(program, before);
    batch.proved = true;
  }
  db::Bindings with_rows = bindings;
  with_rows.emplace_back(std::string(db::kRowsPlaceholder), batch.rows);
  if (execute(worker, source.checkpoint.render(), with_rows).affected != 1)
    throw Error(Code::kLeaseLost, "another worker took this slice over");
  execute_own(source.after);
  sync_point(SyncPoint::kFirstBatchBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kFirstBatchCommitted);
  return batch;
}

}  // namespace

Error does_not_shrink(const Program& program, std::int64_t matching) {
  return Error(Code::kResidualDoesNotShrink,
               fmt::format("the change does not make `where` false: {} rows match it before the batch and after it",
                           human_count(matching)))
      .at(program.migration->data.where->place)
      .hint(program.row_program == nullptr
                ? "this batch was rolled back; make migrate:batch write what `where` looks for"
                : "this batch was rolled back; make the row program answer with what `where` looks for");
}

FirstBatch run_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                           const db::BatchSource& source, Lower lower, const db::Bindings& bindings) {
  for (int judgement = 1;; ++judgement) {
    try {
      return try_first_batch(program, ledger, worker, source, lower, bindings);
    } catch (const Error& error) {
      if (error.code() != Code::kResidualDoesNotShrink || judgement == kJudgements) throw;
    }
  }
}

}  // namespace weir::backfill
