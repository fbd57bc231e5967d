// Who watches a run: a progress bar, plain lines, or nobody.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace weir::backfill {

struct Progress {
  std::string name;
  std::int64_t rows_done = 0;              // of the run, all passes and processes
  std::optional<std::int64_t> rows_total;  // estimate
  std::int64_t pass = 1;
  int workers = 1;             // of this process
  std::int64_t rows_here = 0;  // changed by this process
  Milliseconds elapsed{0};     // of this process
};

// Called from the threads that run the batches, one at a time; must be quick.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_progress(const Progress& progress) { (void)progress; }
  // One line for the operator: "resumes at ...", "connection lost, retrying", ...
  virtual void on_note(const std::string& text) { (void)text; }
};

}  // namespace weir::backfill
