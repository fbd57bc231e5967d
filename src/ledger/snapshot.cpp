#include "ledger/snapshot.hpp"

namespace weir::ledger {

Snapshot read_snapshot(Ledger& ledger) {
  Snapshot snapshot;
  snapshot.runs = read_runs(ledger);
  snapshot.history = read_history(ledger);
  return snapshot;
}

}  // namespace weir::ledger
