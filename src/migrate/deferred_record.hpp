// Records that the migrations applied last are complete, which are written in one transaction with the beginning of the
// next. Only for migrations with a journal: what a crash in between leaves behind is an open intent, and the next
// deploy looks what became of it (DESIGN.md invariant 6). Not thread-safe.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "ledger/ledger.hpp"

namespace weir::migrate {

class DeferredRecord {
 public:
  using Write = std::function<void(ledger::Ledger&)>;

  void defer(Write write) { writes_.push_back(std::move(write)); }
  bool empty() const { return writes_.empty(); }

  // One transaction: what was deferred, then `more`. When it fails all stays deferred, unless nobody knows whether it
  // was committed: then the journal tells the next deploy.
  void commit_with(ledger::Ledger& ledger, const std::function<void()>& more) {
    try {
      db::Transaction transaction(ledger.connection());
      for (const auto& write : writes_) write(ledger);
      more();
      sync_point(SyncPoint::kRecordBeforeCommit);
      transaction.commit();
      sync_point(SyncPoint::kRecordCommitted);
    } catch (const Error& error) {
      if (error.next() == Next::kReconnect) writes_.clear();
      throw;
    }
    writes_.clear();
  }
  void flush(ledger::Ledger& ledger) {
    if (!empty()) commit_with(ledger, [] {});
  }

 private:
  std::vector<Write> writes_;
};

}  // namespace weir::migrate
