// A dry run: the first batches of a data migration in a transaction that is always rolled back. It takes no lease,
// creates no run and writes nothing to the ledger. What a rollback does not take back stays: numbers drawn from
// sequences, tables without transactions, whatever a function or trigger does outside the database.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backfill/program.hpp"
#include "base/clock.hpp"
#include "base/stop.hpp"

namespace weir::backfill {

struct RehearsedRow {
  enum class Fate { kChanged, kUnchanged, kGone };  // kGone: deleted, or its key was changed
  struct Change {
    std::string column;
    db::Value before, after;
  };
  db::Row key;
  Fate fate = Fate::kUnchanged;
  std::vector<Change> changes;  // columns that differ, in the order of the table
};

struct RehearsedBatch {
  std::int64_t matching = 0;              // rows of the batch
  std::int64_t changed = 0;               // affected by the last change
  std::int64_t left = 0;                  // rows that still match `where` afterwards; 0 without `where`
  bool shrinks = true;                    // some that matched do not any more, or there is no `where`
  std::chrono::microseconds elapsed{0};   // of the changes, without COMMIT
  std::optional<std::int64_t> log_bytes;  // that the server wrote meanwhile
  std::vector<RehearsedRow> rows;         // a sample, in the order of the key
};

struct Rehearsal {
  std::string table;
  std::vector<std::string> key;
  bool has_where = false;
  bool masked = false;
  bool behind_cursor = false;  // began where an unfinished run stands
  int wanted = 1;              // batches that were asked for
  bool time_is_up = false;     // before that many: the rows of all of them stay locked to the end
  std::int64_t skipped = 0;    // batches before the first one shown, in which nothing matches `where`
  std::vector<RehearsedBatch> batches;
  // The first batch that changes rows leaves all that matched `where` as they were: a run would stop there.
  bool does_not_shrink() const;
};

enum class Values { kShown, kMasked };

// What of the table a rehearsal executes.
struct RehearsalPlan {
  std::optional<db::Row> from;  // exclusive; nothing: from the beginning of the table
  int batches = 1;
  std::int64_t sample_rows = 5;  // of each batch
  Values values = Values::kShown;
};

// `worker`: from connect_worker(). Afterwards it has no transaction. A stop is seen between two batches. Errors:
// kInterrupted then; what the engine says of a statement, at
// its place in the file; kLockTimeout; kInvalidFile for what cannot be part of a batch; as refuse_row_program().
Rehearsal rehearse(const db::Database& database, db::Connection& worker, ledger::Ledger& ledger, Clock& clock,
                   const StopToken& stop, const Program& program, const RehearsalPlan& plan);

// Errors: kNotAvailable for a migration with a row program, which is neither rehearsed nor explained yet.
void refuse_row_program(const project::Migration& migration);

// Parameters and place for a rehearsal of a migration: those of its unfinished run, if there is one.
struct Beginning {
  ParameterValues parameters;
  std::string table;             // `over` of the run
  std::vector<std::string> key;  // that it walks
  std::optional<db::Row> cursor;
  // Nothing when the run walks another table or key than the program: its file was changed.
  std::optional<db::Row> cursor_of(const Program& program) const {
    return key == program.key && table == program.migration->data.over.text ? cursor : std::nullopt;
  }
};
// Errors: as resolve_parameters().
Beginning find_beginning(ledger::Ledger& ledger, const project::Migration& migration, const ParameterValues& given);

// A value by its type and length: `text(12)`, `number`; NULL stays NULL.
db::Value mask_value(const db::Value& value, const db::Column* column);

}  // namespace weir::backfill
