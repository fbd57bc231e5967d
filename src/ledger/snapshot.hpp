// History and runs as they belong together.
#pragma once

#include <vector>

#include "ledger/history.hpp"
#include "ledger/runs.hpp"

namespace weir::ledger {

struct Snapshot {
  std::vector<Entry> history;  // by version
  std::vector<Run> runs;       // newest attempt of a version last
};

// Runs are read before the history: a run that succeeds in between is seen as unfinished with an entry, which is
// harmless. The other way round it would be seen as ended without an entry, and be queued a second time.
Snapshot read_snapshot(Ledger& ledger);

}  // namespace weir::ledger
