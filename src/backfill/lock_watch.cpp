#include "backfill/lock_watch.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::backfill {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;

// With the time between two looks, a tenth of a second, the longest that others wait before it is noticed.
constexpr Milliseconds kMoment{50};
// A request may have been lost on its way.
constexpr Milliseconds kAskAgain{1000};

}  // namespace

struct WatchedBatch {
  const std::string session;
  const TimePoint began;
  const LockWatch::Cancel cancel;
  std::mutex mutex;                    // guards what follows; held while a cancel is on its way
  db::Connection* connection;          // null when the batch is over
  std::optional<TimePoint> cancelled;  // last
};

LockWatch::Batch::Batch(LockWatch& watch, db::Connection& connection, Cancel cancel)
    : watch_(watch),
      batch_(new WatchedBatch{connection.session_id(), watch.clock_.now(), cancel, {}, &connection, std::nullopt}) {
  const std::lock_guard lock(watch_.mutex_);
  watch_.batches_.push_back(batch_);
}

LockWatch::Batch::~Batch() {
  settle();
  const std::lock_guard lock(watch_.mutex_);
  watch_.batches_.remove(batch_);
}

// Waits for a cancel that is on its way: what comes next over this connection must not be hit.
bool LockWatch::Batch::settle() {
  const std::lock_guard lock(batch_->mutex);
  batch_->connection = nullptr;
  return batch_->cancelled.has_value();
}

void LockWatch::set_fellows(std::vector<std::string> sessions) {
  const std::lock_guard lock(mutex_);
  fellows_ = std::move(sessions);
}

void LockWatch::look(db::Connection& connection) {
  std::vector<std::shared_ptr<WatchedBatch>> candidates;
  std::vector<std::string> sessions, own;
  {
    const std::lock_guard lock(mutex_);
    own = fellows_;
    for (const auto& batch : batches_) {
      if (batch->session.empty()) continue;
      own.push_back(batch->session);
      if (batch->cancel == Cancel::kNever || clock_.now() - batch->began < kMoment) continue;
      candidates.push_back(batch);
      sessions.push_back(batch->session);
    }
  }
  if (candidates.empty()) return;
  const auto found = connection.in_the_way(sessions, own);
  for (const auto& batch : candidates) {
    if (std::find(found.begin(), found.end(), batch->session) == found.end()) continue;
    const std::lock_guard lock(batch->mutex);
    const auto now = clock_.now();
    if (batch->connection == nullptr || (batch->cancelled && now - *batch->cancelled < kAskAgain)) continue;
    batch->cancelled = now;
    batch->connection->cancel();
  }
}

}  // namespace weir::backfill
