// Takes a run of a data migration back: the kept columns get the values they had before, in batches, each in one
// transaction with the mark that it is done. A row that somebody else has changed since is left alone and listed.
#pragma once

#include <string>
#include <vector>

#include "backfill/images.hpp"
#include "backfill/observer.hpp"
#include "backfill/retry.hpp"
#include "backfill/room_for_writers.hpp"
#include "base/stop.hpp"

namespace weir::backfill {

struct UndoOutcome {
  std::string name;
  ledger::RunId run;
  bool complete = false;      // else it was stopped: the next undo goes on
  std::int64_t restored = 0;  // of the whole undo, also by earlier processes; as the next ones
  std::int64_t changed = 0;   // hold something else than the run left there
  std::int64_t gone = 0;      // were deleted, or have another key
  std::int64_t left = 0;      // when it was stopped
  struct Row {
    db::Row key;
    bool gone = false;
  };
  std::vector<Row> others;     // changed or gone, by key; at most kMostListed
  std::int64_t runs_left = 0;  // earlier runs of the migration that can still be undone
};

class Undo {
 public:
  static constexpr std::int64_t kMostListed = 1000;

  // `run`: the latest one of the migration. Errors: kNotFound when nothing is kept; kIllegalTransition while the run is
  // being executed; kNotReversible when a kept column is gone or has another type.
  Undo(const db::Database& database, Clock& clock, const StopToken& stop, Observer& observer, const ledger::Run& run,
       const std::string& actor);

  // Journal before effect: the migration does not count as applied any more, and an unfinished run is cancelled.
  // Errors: kIllegalTransition when a newer run has begun since, or another process undoes it.
  void begin();
  // Goes through the images; again after a lost connection. Call begin() before.
  UndoOutcome execute();

 private:
  void connect();
  void prepare();
  // Fills program_: the table as the run wrote it into the ledger, whatever the file says now.
  void find_table();
  // False when no image is left that can be undone.
  bool batch();
  void judge_and_restore(const db::Bindings& bound, Lower lower);
  void report_progress();
  db::Result run_sql(const std::string& sql, const db::Bindings& bindings = {});
  void recover(const Error& error);
  // False when images have come in behind the cursor: the walk begins again.
  bool finish();
  UndoOutcome outcome();

  const db::Database& database_;
  Clock& clock_;
  const StopToken& stop_;
  Observer& observer_;
  const ledger::Run latest_;
  ledger::Run run_;  // the one that is undone: of the latest set of images, perhaps an earlier one
  const std::string actor_;
  std::unique_ptr<db::Connection> connection_;
  std::optional<ledger::Ledger> ledger_;
  ledger::ImageSet set_;
  Program program_;
  std::optional<db::Row> cursor_;  // images up to here are done
  std::optional<db::Row> upper_;
  std::int64_t left_ = 0;           // at the end of the walk before this one
  std::int64_t restored_here_ = 0;  // by this process
  Backoff backoff_;
  RoomForWriters room_;
};

}  // namespace weir::backfill
