// How many rows the next batch holds, so that it takes about the time that a row may be locked. Measured, not computed:
// the first batches are as large as they are told, and grow or shrink from there. One for each worker. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "base/clock.hpp"

namespace weir::govern {

class BatchSizer {
 public:
  struct Bounds {
    std::int64_t least = 1, most = 1;
  };
  static constexpr Milliseconds kTarget{200};
  static constexpr std::int64_t kFirstRows = 1000;  // where nothing is known

  // `rows`: the size of the first batches.
  BatchSizer(std::int64_t rows, Bounds bounds, Milliseconds target = kTarget);

  std::int64_t rows() const { return rows_; }
  // A batch of `rows`, the keys that it went through, has taken `elapsed`.
  void record(std::int64_t rows, std::chrono::microseconds elapsed);
  // It took so long, or met so many others, that it failed.
  void cut();

 private:
  void resize(double rows);
  double cost_of_a_row() const;  // microseconds, p90 of the recent batches

  Bounds bounds_;
  Milliseconds target_;
  std::int64_t rows_;
  std::deque<double> costs_;  // of a row, of the last batches of this size or nearly
  int since_change_ = 0;      // batches
};

}  // namespace weir::govern
