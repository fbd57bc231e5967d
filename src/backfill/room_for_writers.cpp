#include "backfill/room_for_writers.hpp"

#include <algorithm>

namespace weir::backfill {
namespace {

// SQLite's busy handler sleeps for 100 ms at most. Source: sqliteDefaultBusyCallback() in its main.c.
constexpr Milliseconds kLongestPoll{100};
constexpr Milliseconds kPause = kLongestPoll + Milliseconds(5);
constexpr Milliseconds kBetweenPauses{2000};
constexpr Milliseconds kOthersMayComeAgain{60'000};

void leave_a_quarter(Clock& clock, Milliseconds batch_time) {
  constexpr Milliseconds kLeast{1}, kMost{50};
  clock.sleep(std::clamp(batch_time / 4, kLeast, kMost));
}

}  // namespace

bool RoomForWriters::others_wrote(db::Connection& connection) {
  const auto version = connection.version_by_others();
  const bool changed = seen_ && version && *seen_ != *version;
  seen_ = version;
  return changed;
}

void RoomForWriters::leave(db::Connection& connection, Clock& clock, Milliseconds batch_time) {
  const auto now = clock.now();
  if (others_wrote(connection)) heard_ = now;
  if (!paused_) paused_ = now;
  // Before the batch in which the time would be up.
  if (now - *paused_ + batch_time >= kBetweenPauses) {
    clock.sleep(kPause);
    paused_ = clock.now();
    if (others_wrote(connection)) heard_ = paused_;
  } else if (!seen_ || (heard_ && now - *heard_ < kOthersMayComeAgain)) {
    leave_a_quarter(clock, batch_time);
  }
}

}  // namespace weir::backfill
