// The live view of all runs and their workers: what is read at one moment, and its rendering for a terminal.
#pragma once

#include <string>
#include <vector>

#include "report/status.hpp"
#include "report/text.hpp"

namespace weir::report {

struct WatchedSlice {
  std::string worker;  // "pid 4711 on web-1"
  std::int64_t ordinal = 0;
  std::int64_t rows_done = 0;
  std::int64_t batches = 0;
  Milliseconds since_batch{0};  // since it last wrote its slice
  bool lives = true;
};

struct WatchedRun {
  RunStatus status;
  std::vector<WatchedSlice> slices;  // that somebody holds
};

struct Watched {
  std::vector<WatchedRun> runs;  // of each data migration the latest; those that are not over first
  EpochMs now = 0;               // by the database's clock; 0 when there is no run
};

// Reads the ledger only.
Watched watch(ledger::Ledger& ledger);

// `before`: an earlier look, for the present rate; may be null. Lines end with a newline.
std::string to_text(const Watched& watched, const Watched* before, Colour colour);

}  // namespace weir::report
