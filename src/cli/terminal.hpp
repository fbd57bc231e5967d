// What the terminal can show, and the progress of a run on it.
#pragma once

#include <chrono>
#include <string>

#include "backfill/observer.hpp"
#include "migrate/observer.hpp"
#include "report/text.hpp"

namespace weir::cli {

// Colour when the stream is a terminal and NO_COLOR is not set.
report::Colour colour_of(int file_descriptor);

// As much of the line as the terminal shows without wrapping, which could not be redrawn. Columns are counted in
// characters; sequences that set a colour take none.
std::string fit_terminal(const std::string& line, int file_descriptor);

// A bar that is redrawn on a terminal (at most ten times a second), a line every few seconds otherwise. Writes to
// stderr, so that stdout holds results only.
class ProgressView final : public backfill::Observer {
 public:
  explicit ProgressView(bool quiet);
  ~ProgressView() override;
  void on_progress(const backfill::Progress& progress) override;
  void on_note(const std::string& text) override;
  // Ends the bar's line.
  void finish();

 private:
  void draw(const backfill::Progress& progress);
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

// A statement that waits for a lock: one line that is redrawn on a terminal, a line for each new blocker and every few
// seconds otherwise. On stderr. For one thread.
class LockWaitView {
 public:
  LockWaitView();
  void show(const migrate::LockWait& wait);
  // Takes the live line away.
  void clear();

 private:
  bool terminal_;
  bool drawn_ = false;
  std::string told_;  // pids of the blockers in the last line
  std::chrono::steady_clock::time_point last_;
};

}  // namespace weir::cli
