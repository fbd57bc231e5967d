// Walks one slice batch by batch from its cursor to its upper bound: the loop at the heart of a run.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "backfill/batch_work.hpp"
#include "backfill/isolation.hpp"
#include "backfill/retry.hpp"
#include "backfill/run_board.hpp"
#include "govern/batch_sizer.hpp"

namespace weir::backfill {

enum class WalkEnd { kExhausted, kStopped };

class SliceWalk {
 public:
  struct Context {
    const db::Database& database;
    Program& program;  // its batch size follows the run's
    const ledger::RunId& run;
    std::int64_t ordinal;
    Session& session;
    govern::BatchSizer& sizer;  // the worker's
    Clock& clock;
    const StopToken& stop;
    RunBoard& board;
    std::function<bool()> leaves;  // asked between two batches
    const std::string& actor;
    const std::string& checksum;  // of the text that is executed
  };
  explicit SliceWalk(const Context& context)
      : context_(context), work_(make_batch_work(context.program, context.session, context.board)) {}

  // Errors, none of them transient: kLeaseLost; kResidualDoesNotShrink; whatever cannot be retried, or was in vain
  // Backoff::kMaxAttempts times.
  WalkEnd walk();

 private:
  void begin();
  bool at_end() const { return !upper_ || cursor_ == upper_; }
  void run_batch();
  BatchDone execute_batch(Lower lower, const db::Row& hi, db::LookAhead look_ahead);
  void leave_room(Milliseconds batch_time);
  void give_way();
  void cut_measured();
  void keep_rate(std::int64_t rows, std::chrono::steady_clock::time_point began);
  void follow_settings();
  std::int64_t measured_rows() const;
  void measure(const BatchDone& done, bool last, std::chrono::steady_clock::duration elapsed);
  bool may_share() const;
  void give_half();
  void forget_ahead();
  void recover(const Error& error);
  void retry_later(const Error& error);
  bool narrow(const Error& error);
  void handle_row(const Error& error);
  const db::Row& end() const { return isolation_.active() ? *isolation_.end() : *upper_; }
  void reconnect();
  db::Bindings bindings(const db::Row& hi) const;
  std::vector<db::Row> first_boundaries();
  // Places need not be looked up.
  bool walks_pages() const { return context_.program.heap && !isolation_.active(); }
  void count_pages();
  // `from`: the key behind which the boundaries were looked up.
  void remember(std::vector<db::Row> boundaries, const std::optional<db::Row>& from);
  void extend_dense(const db::Row& from);

  Context context_;
  std::unique_ptr<BatchWork> work_;
  Backoff backoff_;
  std::optional<db::Row> cursor_;
  std::optional<db::Row> upper_;
  std::int64_t pass_ = 0;
  Isolation isolation_;
  bool gave_way_ = false;                                      // the batch that has failed
  std::optional<std::chrono::steady_clock::time_point> told_;  // that others waited
  bool failed_empty_ = false;                                  // a batch without rows has failed
  std::optional<db::Row> attempted_;                           // the end of the batch that is being tried
  std::deque<db::Row> ahead_;                                  // ends of the next batches
  bool rest_is_last_ = false;                                  // behind them the rest of the slice is one batch
  std::chrono::steady_clock::time_point gave_{};               // when half was given last
};

}  // namespace weir::backfill
