// Looking for what makes a batch fail: up to the end of the batch that failed, batches become smaller with every
// failure, until one holds a single row. Behind that end they are as large as before. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "db/value.hpp"

namespace weir::backfill {

class Isolation {
 public:
  bool active() const { return end_.has_value(); }
  // Where it ends, inclusive.
  const std::optional<db::Row>& end() const { return end_; }
  std::int64_t batch_rows(std::int64_t wanted) const { return active() ? std::min(wanted, rows_) : wanted; }
  bool at_one_row() const { return active() && rows_ == 1; }

  // A batch of `rows` that ended at `hi` has failed.
  void narrow(const db::Row& hi, std::int64_t rows) {
    constexpr std::int64_t kParts = 4;
    if (!end_) end_ = hi;
    rows_ = std::max<std::int64_t>(1, rows / kParts);
  }
  void finish() { end_.reset(); }

 private:
  std::optional<db::Row> end_;
  std::int64_t rows_ = 0;
};

}  // namespace weir::backfill
