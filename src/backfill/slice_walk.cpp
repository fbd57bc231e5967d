#include "backfill/slice_walk.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "backfill/failing_row.hpp"
#include "backfill/slicing.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"

namespace weir::backfill {
namespace {

// A request to cancel that came too late may hit the next statement instead: this one.
void absorb_cancel(db::Connection& connection) {
  try {
    connection.execute_text("SELECT 1");
  } catch (const Error& error) {
    if (error.code() != Code::kCancelled) throw;
  }
}

// What was retried here is not retried by the caller once more.
Error given_up(Error error) { return std::move(error).next(Next::kFail); }

// Without a pulse nobody else asks what the operator wants.
void ask_oneself(const SliceWalk::Context& context) {
  if (!context.board.is_unwatched()) return;
  if (const auto settings = ledger::read_settings(*context.session.ledger, context.run))
    context.board.set_settings(*settings);
}

}  // namespace

WalkEnd SliceWalk::walk() {
  bool begun = false;
  for (;;) {
    try {
      if (!begun) begin();
      begun = true;
      while (!at_end()) {
        if (context_.leaves()) return WalkEnd::kStopped;
        follow_settings();
        if (may_share()) give_half();
        run_batch();
        backoff_.reset();
      }
      return WalkEnd::kExhausted;
    } catch (const Error& error) {
      recover(error);
      begun = false;
    }
  }
}

// Reads the truth from the ledger; also after every failure, because only the ledger knows what was committed.
void SliceWalk::begin() {
  const auto slice = ledger::read_slice(*context_.session.ledger, context_.run, context_.ordinal);
  if (!slice) throw Error(Code::kLedgerCorrupt, "the slice of this run is gone");
  cursor_ = slice->cursor ? slice->cursor : slice->lower;
  if (isolation_.active() && (upper_ != slice->upper || cursor_ == isolation_.end())) isolation_.finish();
  upper_ = slice->upper;
  pass_ = slice->pass;
  attempted_.reset();
  forget_ahead();
}

bool SliceWalk::may_share() const {
  return context_.database.capabilities().several_writers && context_.board.somebody_idles() && !isolation_.active();
}

void SliceWalk::forget_ahead() {
  ahead_.clear();
  rest_is_last_ = false;
}

// The size of a batch stands in the statement that looks for boundaries.
void SliceWalk::follow_settings() {
  ask_oneself(context_);
  const auto batch_rows = isolation_.batch_rows(context_.board.settings().batch_rows.value_or(measured_rows()));
  if (batch_rows == context_.program.batch_rows) return;
  context_.program.batch_rows = batch_rows;
  work_->forget();
  forget_ahead();
}

// With a limit for the rows a second not more than a second's: the pauses would be long, and so would the locks.
std::int64_t SliceWalk::measured_rows() const {
  const auto rate = context_.board.rate_of_a_worker();
  const std::int64_t rows = context_.sizer.rows();
  return rate ? std::clamp<std::int64_t>(static_cast<std::int64_t>(*rate), 1, rows) : rows;
}

// Only of batches that hold as many rows as they should. Where few rows match, a large batch is fast, and the next one
// may find all of them matching: so it does not grow without end.
void SliceWalk::measure(const BatchDone& done, bool last, std::chrono::steady_clock::duration elapsed) {
  constexpr std::int64_t kMostSparseRows = 10'000;
  constexpr int kComputing = 10;  // what is not locked may take so much longer
  const std::int64_t rows = context_.program.batch_rows;
  if (context_.board.settings().batch_rows || last || isolation_.active() || rows != context_.sizer.rows()) return;
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(elapsed);
  const auto counted = std::max(done.locked.value_or(whole), whole / kComputing);
  if (done.rows < rows / 2 && rows >= kMostSparseRows && counted < govern::BatchSizer::kTarget) return;
  context_.sizer.record(rows, counted);
}

// A worker that has nothing to do gets what lies behind the middle. Not again at once: it has to find it first.
void SliceWalk::give_half() {
  constexpr Milliseconds kPause{300};
  const auto now = context_.clock.now();
  if (gave_ != std::chrono::steady_clock::time_point{} && now - gave_ < kPause) return;
  gave_ = now;
  const auto middle = cut_in_two(context_.database, *context_.session.control, context_.program, cursor_, *upper_);
  if (!middle) return;
  sync_point(SyncPoint::kSplitCut);
  ledger::Slice slice;
  slice.ordinal = context_.ordinal;
  slice.pass = pass_;
  slice.upper = upper_;
  const std::string& token = context_.session.lease.token;
  if (!ledger::split_slice(*context_.session.ledger, context_.run, slice, *middle, token)) return;
  upper_ = middle;
  forget_ahead();
  context_.board.wake();
}

std::vector<db::Row> SliceWalk::first_boundaries() {
  const auto& dialect = context_.database.dialect();
  const Lower lower = cursor_ ? Lower::kExclusive : Lower::kOpen;
  const auto rendered = sql::Template(boundaries_sql(context_.program, dialect, lower), dialect).render();
  db::Bindings bound;
  if (cursor_) bind_key(bound, "weir_hi", *cursor_);
  bind_key(bound, "weir_upper", end());
  return context_.session.worker->execute({rendered.sql, db::bind(rendered.names, bound)}).rows;
}

void SliceWalk::count_pages() {
  constexpr std::size_t kBatches = 100;
  const std::int64_t step = pages_of_a_batch(context_.program), last = db::PhysicalOrder::page_of(end().front());
  std::int64_t page = (cursor_ ? db::PhysicalOrder::page_of(cursor_->front()) : -1) + step;
  for (; page < last && ahead_.size() < kBatches; page += step) ahead_.push_back({context_.program.heap->end_of(page)});
  rest_is_last_ = page >= last;
}

void SliceWalk::remember(std::vector<db::Row> boundaries, const std::optional<db::Row>& from) {
  rest_is_last_ = std::ssize(boundaries) < boundaries_ahead(context_.program);
  ahead_.assign(std::make_move_iterator(boundaries.begin()), std::make_move_iterator(boundaries.end()));
  if (!rest_is_last_ && from) extend_dense(*from);
}

// So many consecutive integers hold at most so many rows: where the keys leave few gaps, boundaries need not be looked
// up. They are looked up again from time to time, because gaps may begin.
void SliceWalk::extend_dense(const db::Row& from) {
  constexpr int kTimes = 20;  // as many rows again as were looked at
  constexpr double kMostKeysForARow = 1.1;
  const auto& key = context_.program.key;
  const db::Column* column = key.size() == 1 ? context_.program.table.column(key.front()) : nullptr;
  if (column == nullptr || !column->integer) return;
  const auto first = db::parse_integer(from.front()), upper = db::parse_integer(end().front());
  auto last = db::parse_integer(ahead_.back().front());
  if (!first || !upper || !last) return;
  const std::int64_t batch = context_.program.batch_rows;
  const auto distance = [](std::int64_t low, std::int64_t high) {  // of any two, without overflow
    return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  };
  const auto rows = static_cast<double>(batch * std::ssize(ahead_));
  if (static_cast<double>(distance(*first, *last)) > kMostKeysForARow * rows) return;
  const bool text = std::holds_alternative<std::string>(ahead_.back().front());
  for (auto left = std::ssize(ahead_) * kTimes; left > 0; --left) {
    if (distance(*last, *upper) <= static_cast<std::uint64_t>(batch)) return;
    *last += batch;
    ahead_.push_back({text ? db::Value(std::to_string(*last)) : db::Value(*last)});
  }
}

db::Bindings SliceWalk::bindings(const db::Row& hi) const {
  db::Bindings bound = context_.program.parameters;
  if (cursor_) bind_key(bound, "weir_lo", *cursor_);
  bind_key(bound, "weir_hi", hi);
  bind_key(bound, "weir_upper", end());
  bound.emplace_back("weir_cursor", db::encode_key(hi));
  bound.emplace_back("weir_version", context_.run.version.text());
  bound.emplace_back("weir_attempt", context_.run.attempt);
  bound.emplace_back("weir_ordinal", context_.ordinal);
  bound.emplace_back("weir_token", context_.session.lease.token);
  return bound;
}

void SliceWalk::leave_room(Milliseconds batch_time) {
  if (context_.database.capabilities().several_writers) return;
  context_.session.room.leave(*context_.session.worker, context_.clock, batch_time);
}

void SliceWalk::run_batch() {
  sync_point(SyncPoint::kBatchBegins);
  const auto began = context_.clock.now();
  if (ahead_.empty() && !rest_is_last_ && walks_pages()) count_pages();
  if (ahead_.empty() && !rest_is_last_) remember(first_boundaries(), cursor_);
  const db::Row hi = ahead_.empty() ? end() : ahead_.front();
  attempted_ = hi;
  if (!ahead_.empty()) ahead_.pop_front();
  const Lower lower = cursor_ ? Lower::kExclusive : Lower::kOpen;
  const bool look = !walks_pages() && ahead_.empty() && !rest_is_last_ && hi != end();
  const auto changing = context_.clock.now();
  auto done = execute_batch(lower, hi, look ? db::LookAhead::kYes : db::LookAhead::kNo);
  measure(done, hi == end(), context_.clock.now() - changing);
  if (done.boundaries) remember(*std::move(done.boundaries), hi);
  cursor_ = hi;
  attempted_.reset();
  failed_empty_ = false;
  if (isolation_.active() && hi == *isolation_.end()) {
    isolation_.finish();
    forget_ahead();
  }
  context_.board.add_rows(done.rows);
  sync_point(SyncPoint::kBatchCounted);
  leave_room(std::chrono::duration_cast<Milliseconds>(context_.clock.now() - began));
  keep_rate(done.rows, began);
}

// A batch of a few rows is finished, whoever waits for it: somehow the run must get on. So is that of a row program,
// which locks no rows while it computes, and would have to compute again.
BatchDone SliceWalk::execute_batch(Lower lower, const db::Row& hi, db::LookAhead look_ahead) {
  constexpr std::int64_t kFewRows = 10;
  const bool may_give_way = context_.program.batch_rows > kFewRows && context_.program.row_program == nullptr;
  LockWatch::Batch watched(context_.board.lock_watch(), *context_.session.worker,
                           may_give_way ? LockWatch::Cancel::kAllowed : LockWatch::Cancel::kNever);
  try {
    BatchDone done = work_->run(lower, bindings(hi), look_ahead);
    if (watched.settle()) absorb_cancel(*context_.session.worker);
    return done;
  } catch (const Error& error) {
    // kReconnect: it was committed, and the look ahead was hit.
    gave_way_ = watched.settle() && error.code() == Code::kCancelled && error.next() != Next::kReconnect;
    throw;
  }
}

// Others waited: they come first. How often that happens is no reason to give up, because the batches become so small
// that they are not cancelled any more.
void SliceWalk::give_way() {
  constexpr Milliseconds kPause{150};
  constexpr Milliseconds kQuiet{10'000};
  const auto now = context_.clock.now();
  if (!told_ || now - *told_ >= kQuiet) {
    context_.board.note(
        "others waited for a lock of a batch: it was rolled back and is tried again in smaller ones, after a pause");
    told_ = now;
  }
  cut_measured();
  isolation_.narrow(*attempted_, context_.program.batch_rows);
  context_.clock.sleep(kPause);
}

// Only where it is followed, and once for all the small batches that look for a way.
void SliceWalk::cut_measured() {
  if (!isolation_.active() && !context_.board.settings().batch_rows) context_.sizer.cut();
}

void SliceWalk::keep_rate(std::int64_t rows, std::chrono::steady_clock::time_point began) {
  constexpr Milliseconds kPiece{50};  // so that other settings are followed
  constexpr Milliseconds kAsk{1000};
  auto asked = context_.clock.now();
  for (;;) {
    if (context_.clock.now() - asked >= kAsk) {
      ask_oneself(context_);
      asked = context_.clock.now();
    }
    const auto rate = context_.board.rate_of_a_worker();
    if (!rate || context_.leaves()) return;
    const auto due = began + std::chrono::duration_cast<Milliseconds>(
                                 std::chrono::duration<double>(static_cast<double>(rows) / *rate));
    const auto left = std::chrono::duration_cast<Milliseconds>(due - context_.clock.now());
    if (left <= Milliseconds(0)) return;
    context_.clock.sleep(std::min(left, kPiece));
  }
}

// A smaller batch may do what a larger one could not: within the time it has, or without the row that is in the way.
// True: it is worth trying at once.
bool SliceWalk::narrow(const Error& error) {
  const bool slow = error.code() == Code::kTimeout || error.code() == Code::kLockTimeout;
  const bool crowded = error.code() == Code::kDeadlock || error.code() == Code::kSerialization;
  if (!attempted_ || !(slow || crowded || error.is_of_data())) return false;
  if (isolation_.at_one_row()) return false;
  if (slow || crowded) cut_measured();
  isolation_.narrow(*attempted_, context_.program.batch_rows);
  sync_point(SyncPoint::kBatchNarrowed);
  return error.is_of_data() || error.code() == Code::kTimeout;
}

// A batch of one row has failed.
void SliceWalk::handle_row(const Error& error) {
  const sql::Dialect& dialect = context_.database.dialect();
  const auto rendered =
      sql::Template(first_two_sql(context_.program, dialect, cursor_ ? Lower::kExclusive : Lower::kOpen), dialect)
          .render();
  const auto rows =
      context_.session.worker->execute({rendered.sql, db::bind(rendered.names, bindings(*attempted_))}).rows;
  // Deleted meanwhile, or another one came in between: look again. What fails without any row is not a row's fault.
  if (rows.empty() && std::exchange(failed_empty_, true)) throw given_up(Error(error));
  if (rows.size() != 1) return;
  failed_empty_ = false;
  const FailingRow failing{rows.front(), error};
  Error named = located(failing, context_.program);
  if (!context_.program.migration->data.error_budget) throw given_up(std::move(named));
  const auto held =
      set_aside(failing, context_.program, context_.run, context_.session, bindings(failing.key), context_.actor);
  context_.board.note(fmt::format("row {} of {} is in quarantine ({} so far): {}", db::encode_key(failing.key),
                                  context_.program.table.name.name, held, error.message()));
}

// Either throws on, or leaves the walk ready to begin() again.
void SliceWalk::recover(const Error& error) {
  if (std::exchange(gave_way_, false) && attempted_) return give_way();
  if (narrow(error)) return;
  if (error.is_of_data() && attempted_) {
    try {
      return handle_row(error);
    } catch (const Error& another) {
      return retry_later(another);
    }
  }
  retry_later(error);
}

void SliceWalk::retry_later(const Error& error) {
  if (!error.is_transient() || backoff_.exhausted()) throw given_up(error);
  context_.board.note(fmt::format("{}: {}; trying again ({} of {})", to_string(error.code()), error.message(),
                                  backoff_.attempt() + 1, Backoff::kMaxAttempts));
  for (;;) {
    backoff_.wait(context_.clock, context_.stop);
    const bool lost =
        context_.session.worker->broken() || context_.session.control->broken() || error.next() == Next::kReconnect;
    if (!lost) return;
    try {
      reconnect();
      return;
    } catch (const Error& again) {
      const bool may_pass = again.is_transient() || again.code() == Code::kCannotConnect;
      if (!may_pass || backoff_.exhausted() || context_.stop.requested()) throw given_up(again);
      context_.board.note(
          fmt::format("{}; trying again ({} of {})", again.message(), backoff_.attempt() + 1, Backoff::kMaxAttempts));
    }
  }
}

void SliceWalk::reconnect() {
  work_->forget();
  Session& session = context_.session;
  session.replace(connect_worker(context_.database), context_.database.connect(db::Purpose::kControl), *session.ledger);
  context_.board.drop(session.lease.token);
  sync_point(SyncPoint::kReconnected);
  session.lease = reacquire_slice(*session.ledger, *session.worker, context_.run, context_.ordinal, session.tokens,
                                  context_.checksum);
  sync_point(SyncPoint::kReclaimed);
  context_.board.hold(session.lease.token);
}

}  // namespace weir::backfill
