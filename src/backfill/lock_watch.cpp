#include "backfill/lock_watch.hpp"

#include <vector>

namespace weir::backfill {
namespace {

// With the time between two looks, a tenth of a second, the longest that others wait before it is noticed.
constexpr Milliseconds kMoment{50};

}  // namespace

LockWatch::Batch::Batch(LockWatch& watch, db::Connection& connection)
    : watch_(watch), session_(connection.session_number()) {
  if (session_ == 0) return;
  const std::lock_guard lock(watch_.mutex_);
  watch_.batches_.insert_or_assign(session_, Watched{&connection, watch_.clock_.now()});
}

// Waits while it is being cancelled: what comes next over this connection must not be hit.
LockWatch::Batch::~Batch() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.batches_.erase(session_);
}

bool LockWatch::Batch::gave_way() const {
  const std::lock_guard lock(watch_.mutex_);
  const auto found = watch_.batches_.find(session_);
  return found != watch_.batches_.end() && found->second.cancelled;
}

void LockWatch::look(db::Connection& connection) {
  const auto long_since = [&](const Watched& batch) {
    return !batch.cancelled && clock_.now() - batch.began >= kMoment;
  };
  std::vector<std::int64_t> sessions;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [session, batch] : batches_) {
      if (long_since(batch)) sessions.push_back(session);
    }
  }
  if (sessions.empty()) return;
  for (const std::int64_t session : connection.in_the_way(sessions)) {
    const std::lock_guard lock(mutex_);
    const auto found = batches_.find(session);
    // Another batch may have begun meanwhile, in nobody's way so far.
    if (found == batches_.end() || !long_since(found->second)) continue;
    found->second.cancelled = true;
    found->second.connection->cancel();
  }
}

}  // namespace weir::backfill
