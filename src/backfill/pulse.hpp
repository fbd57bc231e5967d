// The pulse of a process that executes a run: a thread that asks the ledger several times a second what an operator
// wants (pause, cancel, other settings) and what other processes did, and that renews the leases of this process while
// its workers sit in long statements. Its connection is opened only when the run has lasted a moment. When it cannot be
// had the workers go on: their batches are fenced, and every batch renews its own lease.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "backfill/run_board.hpp"
#include "db/database.hpp"

namespace weir::backfill {

class Pulse {
 public:
  Pulse(const db::Database& database, const ledger::Ledger& ledger, ledger::RunId run, RunBoard& board,
        std::function<void()> on_beat);
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;
  Pulse(Pulse&&) = delete;
  Pulse& operator=(Pulse&&) = delete;

 private:
  void beat();
  void look(ledger::Ledger& ledger, bool whole);
  void look_at_locks(db::Connection& connection);

  const db::Database& database_;
  const ledger::Ledger& ledger_;
  const ledger::RunId run_;
  RunBoard& board_;
  const std::function<void()> on_beat_;  // after each look at the ledger
  std::mutex mutex_;
  std::condition_variable ended_;
  bool may_see_locks_ = true;  // of the thread
  bool end_ = false;
  std::thread thread_;
};

}  // namespace weir::backfill
