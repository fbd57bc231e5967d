#include "backfill/explanation.hpp"

#include <algorithm>

#include "backfill/completeness.hpp"
#include "backfill/lookup.hpp"
#include "backfill/slice_walk.hpp"
#include "backfill/slicing.hpp"
#include "base/error.hpp"

namespace weir::backfill {
namespace {

constexpr Milliseconds kCountLimit{1000};
constexpr Milliseconds kBatchLimit{30'000};  // for a statement of a batch that is measured
constexpr int kMeasuredBatches = 3;

KeyReason reason_of(const Program& program) {
  if (program.heap) return KeyReason::kPlace;
  if (!program.migration->data.key.empty()) return KeyReason::kNamed;
  const auto& key = program.table.unique_keys.front();
  return key.primary ? KeyReason::kPrimaryKey : KeyReason::kFirstUniqueKey;
}

// Where the catalogue has no estimate; nothing when it takes long.
std::optional<std::int64_t> count_rows(const db::Database& database, db::Connection& connection,
                                       const Program& program) {
  std::optional<std::int64_t> rows;
  connection.set_statement_timeout(kCountLimit);
  try {
    const auto counted =
        first_row(database, connection, "SELECT count(*) FROM " + sql::quote(database.dialect(), program.table.name));
    rows = db::as_integer(counted.value().at(0));
  } catch (const Error& error) {
    if (error.code() != Code::kTimeout && error.code() != Code::kCancelled) throw;
  }
  connection.set_statement_timeout(Milliseconds(0));
  return rows;
}

std::optional<std::int64_t> batches_of(const Program& program, const Explanation& explanation) {
  if (program.heap) {
    const std::int64_t pages = pages_of_a_batch(program);
    return std::max<std::int64_t>(1, (program.heap->pages + pages - 1) / pages);
  }
  const auto rows = explanation.rows_of_table ? explanation.rows_of_table : explanation.rows_to_change;
  if (!rows) return std::nullopt;
  return std::max<std::int64_t>(1, (*rows + explanation.batch_rows - 1) / explanation.batch_rows);
}

Explanation::Measurement measurement_of(const std::vector<RehearsedBatch>& batches) {
  Explanation::Measurement measured;
  measured.batches = std::ssize(batches);
  measured.fastest = measured.slowest = batches.front().elapsed;
  measured.log_bytes = 0;
  for (const auto& batch : batches) {
    measured.rows += batch.changed;
    measured.fastest = std::min(measured.fastest, batch.elapsed);
    measured.slowest = std::max(measured.slowest, batch.elapsed);
    if (batch.log_bytes && measured.log_bytes)
      *measured.log_bytes += *batch.log_bytes;
    else
      measured.log_bytes.reset();
  }
  return measured;
}

void measure(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger, Clock& clock,
             const StopToken& stop, const Program& program, Explanation& explanation) {
  if (explanation.plan->refused()) {
    explanation.not_measured = "a batch would read the whole table";
    return;
  }
  worker.set_statement_timeout(kBatchLimit);
  RehearsalPlan plan;
  plan.from = explanation.plan->range.lower;
  plan.batches = kMeasuredBatches;
  plan.sample_rows = 0;
  try {
    const auto rehearsal = rehearse(database, worker, ledger, clock, stop, program, plan);
    if (rehearsal.batches.empty())
      explanation.not_measured = "no row behind the middle of the table matches `where`";
    else
      explanation.measured = measurement_of(rehearsal.batches);
  } catch (const Error& error) {
    const bool passing = error.is_transient() || error.code() == Code::kTimeout || error.code() == Code::kCancelled;
    if (!passing) throw;
    explanation.not_measured = error.message();
  }
}

}  // namespace

std::optional<Explanation::Forecast> Explanation::forecast() const {
  if (!measured || !batches) return std::nullopt;
  const auto times = [&](std::chrono::microseconds one) { return std::chrono::ceil<Milliseconds>(one * *batches); };
  Forecast forecast{times(measured->fastest) / workers, times(measured->slowest), std::nullopt};
  if (measured->log_bytes) forecast.log_bytes = *measured->log_bytes / measured->batches * *batches;
  return forecast;
}

Explanation explain(const db::Database& database, ledger::Ledger& ledger, Clock& clock, const StopToken& stop,
                    const project::Migration& migration, const ParameterValues& parameters, int workers) {
  refuse_row_program(migration);
  // Not the ledger's, which may be one that only reads: servers refuse to look at a change there.
  const auto worker = connect_worker(database);
  db::Connection& connection = *worker;
  const Program program =
      prepare_program(database, connection, migration, find_beginning(ledger, migration, parameters).parameters);
  Explanation explanation;
  explanation.table = migration.data.over.text;
  explanation.key = program.key;
  explanation.key_reason = reason_of(program);
  explanation.batch_rows = program.batch_rows;
  explanation.batch_follows_time = !migration.data.batch_rows;
  explanation.workers = database.capabilities().several_writers ? workers : 1;
  explanation.rows_to_change = estimate_rows(database, connection, program, kCountLimit);
  if (program.table.row_estimate >= 0) explanation.rows_of_table = program.table.row_estimate;
  if (!explanation.rows_of_table) explanation.rows_of_table = count_rows(database, connection, program);
  explanation.batches = batches_of(program, explanation);
  explanation.plan = plan_batch(database, connection, program);
  if (!explanation.plan) return explanation;
  if (const auto upper = find_upper(database, connection, program))
    explanation.slices = cut_slices(database, connection, program, *upper, slices_for(explanation.workers));
  measure(database, connection, ledger, clock, stop, program, explanation);
  return explanation;
}

}  // namespace weir::backfill
