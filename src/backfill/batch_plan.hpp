// How the engine would execute a batch in the middle of the table. A batch that reads the whole table, although the
// range of its keys could be read by the index, is refused: a run of a thousand batches would read it a thousand times.
// Nothing here changes anything, or reads more than the keys of a few batches.
#pragma once

#include <optional>
#include <vector>

#include "backfill/program.hpp"
#include "ledger/slices.hpp"

namespace weir::backfill {

// Tables with fewer rows are small: nobody minds that they are read again and again, and a planner may well prefer it.
inline constexpr std::int64_t kSmallBatches = 10, kSmallRows = 10'000;

struct BatchPlan {
  ledger::Bounds range;  // of the batch that was looked at; no lower bound in a small table
  bool small = false;
  std::vector<std::optional<db::Plan>> statements;  // of migrate:batch; nothing: the engine cannot explain it
  bool scans_table = false;
  // The keys alone are not read by their index either: the batches are too large a part of the table for that, which
  // is no fault of the statement.
  bool range_scans_table = false;

  bool refused() const { return scans_table && !range_scans_table && !small; }
};

// Nothing when the table is empty.
std::optional<BatchPlan> plan_batch(const db::Database& database, db::Connection& connection, const Program& program);

// Errors: kScansTable, with the plan in its hint, when the plan is refused.
void refuse_scan(const db::Database& database, db::Connection& connection, const Program& program);

}  // namespace weir::backfill
