// Walks one slice batch by batch from its cursor to its upper bound: the loop at the heart of a run.
#pragma once

#include <deque>
#include <memory>

#include "backfill/lease.hpp"
#include "backfill/observer.hpp"
#include "backfill/program.hpp"
#include "backfill/retry.hpp"
#include "base/stop.hpp"

namespace weir::backfill {

// A connection for batches. A batch that waits for a row lock keeps the rows it has changed already from the
// application, so it waits for two seconds at most, rolls back and tries again.
std::unique_ptr<db::Connection> connect_worker(const db::Database& database);

enum class WalkEnd { kExhausted, kStopped };

// The two connections of a run and the lease it holds. Replaced together after a lost connection.
struct Session {
  std::unique_ptr<db::Connection> control;
  std::unique_ptr<db::Connection> worker;
  std::optional<ledger::Ledger> ledger;  // over `control`
  ledger::Lease lease;
  OwnTokens tokens;
};

class SliceWalk {
 public:
  struct Context {
    const db::Database& database;
    const Program& program;
    const ledger::RunId& run;
    Session& session;
    Clock& clock;
    const StopToken& stop;
    Observer& observer;
    Progress& progress;
  };
  explicit SliceWalk(const Context& context) : context_(context) {}

  // Errors, none of them transient: kLeaseLost; kResidualDoesNotShrink; whatever cannot be retried, or was in vain
  // Backoff::kMaxAttempts times.
  WalkEnd walk();

 private:
  void begin();
  bool at_end() const { return !upper_ || cursor_ == upper_; }
  void run_batch();
  void leave_room(Milliseconds batch_time);
  void recover(const Error& error);
  void reconnect();
  db::Bindings bindings(const db::Row& hi) const;
  std::vector<db::Row> first_boundaries();
  // `from`: the key behind which the boundaries were looked up.
  void remember(std::vector<db::Row> boundaries, const std::optional<db::Row>& from);
  void extend_dense(const db::Row& from);

  Context context_;
  Backoff backoff_;
  std::optional<db::Row> cursor_;
  std::optional<db::Row> upper_;
  std::deque<db::Row> ahead_;                  // ends of the next batches
  bool rest_is_last_ = false;                  // behind them the rest of the slice is one batch
  bool proved_ = false;                        // a batch that changed rows has been seen to make `where` false
  std::unique_ptr<db::BatchProgram> open_;     // compiled for the first batch of a pass
  std::unique_ptr<db::BatchProgram> bounded_;  // ... and for all others
  std::chrono::steady_clock::time_point started_;
};

}  // namespace weir::backfill
