// What a run would do and how long it may take, before it is begun: the key and the order in which it is walked, the
// slices, the plan of a batch, and a forecast from a few batches in the middle of the table that are rolled back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backfill/batch_plan.hpp"
#include "backfill/rehearsal.hpp"

namespace weir::backfill {

enum class KeyReason { kPrimaryKey, kFirstUniqueKey, kNamed, kPlace };

struct Explanation {
  std::string table;
  std::vector<std::string> key;
  KeyReason key_reason = KeyReason::kPrimaryKey;
  std::optional<std::int64_t> rows_of_table;   // estimate of the catalogue
  std::optional<std::int64_t> rows_to_change;  // counted if that is quick, else estimated
  std::int64_t batch_rows = 0;
  bool batch_follows_time = false;      // batch_rows is where it begins
  std::optional<std::int64_t> batches;  // of one pass
  int workers = 1;
  std::vector<ledger::Bounds> slices;
  std::optional<BatchPlan> plan;  // nothing: the table is empty

  struct Measurement {
    std::int64_t batches = 0;
    std::int64_t rows = 0;  // changed by them
    std::chrono::microseconds fastest{0}, slowest{0};
    std::optional<std::int64_t> log_bytes;  // of all of them
  };
  std::optional<Measurement> measured;
  std::string not_measured;  // why not

  struct Forecast {
    Milliseconds least{0}, most{0};  // without commits, waits and limits of the rate
    std::optional<std::int64_t> log_bytes;
  };
  // Nothing without a measurement.
  std::optional<Forecast> forecast() const;
};

// Errors: as prepare_program() and refuse_row_program().
Explanation explain(const db::Database& database, ledger::Ledger& ledger, Clock& clock, const StopToken& stop,
                    const project::Migration& migration, const ParameterValues& parameters, int workers);

}  // namespace weir::backfill
