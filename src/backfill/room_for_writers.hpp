// Pauses between batches where one process writes at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "db/connection.hpp"

namespace weir::backfill {

// Whoever wants to write there asks again and again, and must find the database free at one of these moments. Who waits
// cannot be seen, only who has written. So:
// - Every two seconds there is a pause in which even the laziest asks once.
// - While others write, a quarter of each batch's time is theirs as well. Where readers wait, too, and leave no trace,
//   it is so always.
class RoomForWriters {
 public:
  // After a batch, outside of a transaction. `connection`: the one that executed it.
  void leave(db::Connection& connection, Clock& clock, Milliseconds batch_time);

 private:
  bool others_wrote(db::Connection& connection);

  std::optional<std::int64_t> seen_;  // Connection::version_by_others()
  std::optional<std::chrono::steady_clock::time_point> heard_, paused_;
};

}  // namespace weir::backfill
