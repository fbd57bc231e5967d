#include "backfill/row_batch.hpp"

#include "backfill/lease.hpp"
#include "backfill/row_sql.hpp"

namespace weir::backfill {
namespace {

// Rows that change again and again while they are computed: from this attempt on they are locked meanwhile.
constexpr int kUnderLocks = 3;

db::Statement bound(const sql::Rendered& rendered, const db::Bindings& bindings) {
  return {rendered.sql, db::bind(rendered.names, bindings)};
}

std::vector<sql::Rendered> render(const std::vector<sql::Template>& templates) {
  std::vector<sql::Rendered> rendered;
  for (const auto& one : templates) rendered.push_back(one.render());
  return rendered;
}

}  // namespace

// One transaction.
struct RowBatch::Attempt {
  db::Connection& worker;
  const db::Bindings& bindings;
  Proof proof;
  Matching matching = {};  // before the change; when proof is wanted
};

RowBatch::RowBatch(const ledger::Ledger& ledger, const Program& program, Lower lower)
    : program_(program),
      shrinkage_(program, ledger.database().dialect(), lower),
      write_(RowSql(ledger.database(), program).write(), ledger.database().dialect()) {
  const sql::Dialect& dialect = ledger.database().dialect();
  const RowSql sql(ledger.database(), program);
  const auto source = batch_source(program, ledger, lower, kLeaseTime);
  const auto rendered = [&](const std::string& text) { return sql::Template(text, dialect).render(); };
  before_ = render(source.before);
  after_ = render(source.after);
  read_ = rendered(sql.read(batch_fragments(program, dialect, lower).at("batch")));
  // With images: those rows only that have one.
  lock_ = rendered(sql.lock(source.fragments.at("batch")));
}

FirstBatch RowBatch::run(db::Connection& worker, const db::Bindings& bindings, Proof proof,
                         const Finish& finish) const {
  Answers answers(program_);
  std::vector<db::Row> open = worker.read_values(bound(read_, bindings));
  for (int number = 1;; ++number) {
    answers.compute(open);
    db::Transaction transaction(worker);
    const auto locking = std::chrono::steady_clock::now();
    Attempt attempt{worker, bindings, proof};
    if (proof == Proof::kWanted) attempt.matching = shrinkage_.look(worker, bindings);
    for (const auto& own : before_) worker.execute(bound(own, bindings));
    const auto rows = worker.read_values(bound(lock_, bindings));
    refuse_equal_keys(program_, rows);
    open = answers.unanswered(rows);
    if (!open.empty() && number < kUnderLocks) continue;
    answers.compute(open);
    FirstBatch done = write(attempt, rows, answers);
    if (!finish(done.rows)) return {};
    for (const auto& own : after_) worker.execute(bound(own, bindings));
    transaction.commit();
    done.locked = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - locking);
    return done;
  }
}

FirstBatch RowBatch::write(const Attempt& attempt, const std::vector<db::Row>& rows, const Answers& answers) const {
  FirstBatch done;
  done.rows = attempt.worker.execute_each(write_, answers.changes(rows));
  if (attempt.proof == Proof::kNotWanted || done.rows == 0 || attempt.matching.rows == 0) return done;
  shrinkage_.check(attempt.matching, attempt.worker, attempt.bindings);
  done.proved = true;
  return done;
}

}  // namespace weir::backfill
