#include "backfill/first_batch.hpp"

#include "backfill/shrinkage.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"

namespace weir::backfill {
namespace {

db::Result execute(db::Connection& connection, const sql::Rendered& rendered, const db::Bindings& bindings) {
  return connection.execute({rendered.sql, db::bind(rendered.names, bindings)});
}

FirstBatch try_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                           const db::BatchSource& source, Lower lower, const db::Bindings& bindings) {
  const Shrinkage shrinkage(program, ledger.database().dialect(), lower);
  db::Transaction transaction(worker);
  const auto locking = std::chrono::steady_clock::now();
  const Matching before = shrinkage.look(worker, bindings);
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
  if (changed && before.rows > 0) {
    shrinkage.check(before, worker, bindings);
    batch.proved = true;
  }
  db::Bindings with_rows = bindings;
  with_rows.emplace_back(std::string(db::kRowsPlaceholder), batch.rows);
  if (execute(worker, source.checkpoint.render(), with_rows).affected != 1)
    throw Error(Code::kLeaseLost, "another worker took this slice over");
  execute_own(source.after);
  sync_point(SyncPoint::kFirstBatchBeforeCommit);
  transaction.commit();
  batch.locked = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - locking);
  sync_point(SyncPoint::kFirstBatchCommitted);
  return batch;
}

}  // namespace

FirstBatch judge(const std::function<FirstBatch()>& attempt) {
  constexpr int kJudgements = 3;
  for (int judgement = 1;; ++judgement) {
    try {
      return attempt();
    } catch (const Error& error) {
      if (error.code() != Code::kResidualDoesNotShrink || judgement == kJudgements) throw;
    }
  }
}

FirstBatch run_first_batch(const Program& program, const ledger::Ledger& ledger, db::Connection& worker,
                           const db::BatchSource& source, Lower lower, const db::Bindings& bindings) {
  return judge([&] { return try_first_batch(program, ledger, worker, source, lower, bindings); });
}

}  // namespace weir::backfill
