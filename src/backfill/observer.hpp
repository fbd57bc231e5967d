// Who watches a run: a progress bar, plain lines, or nobody.
#pragma once

#include <string>
#include <weir/observer.hpp>

namespace weir::backfill {

using weir::Progress;

// Called from the threads that run the batches, one at a time; must be quick.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_progress(const Progress& progress) { (void)progress; }
  // One line for the operator: "resumes at ...", "connection lost, retrying", ...
  virtual void on_note(const std::string& text) { (void)text; }
};

}  // namespace weir::backfill
