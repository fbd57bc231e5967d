// The record that the migration applied last is complete, which is written in one transaction with the beginning of the
// next. Only for migrations with a journal: what a crash in between leaves behind is an open intent, and the next
// deploy looks what became of it (DESIGN.md invariant 6). Not thread-safe.
#pragma once

#include <functional>
#include <utility>

#include "ledger/ledger.hpp"

namespace weir::migrate {

class DeferredRecord {
 public:
  using Write = std::function<void(ledger::Ledger&)>;

  void defer(Write write) { write_ = std::move(write); }
  bool empty() const { return !write_; }

  // Inside the caller's transaction. What fails is not tried again: the journal tells the next deploy.
  void write_into(ledger::Ledger& ledger) {
    if (const Write write = std::exchange(write_, nullptr)) write(ledger);
  }
  void flush(ledger::Ledger& ledger) {
    if (empty()) return;
    db::Transaction transaction(ledger.connection());
    write_into(ledger);
    transaction.commit();
  }

 private:
  Write write_;
};

}  // namespace weir::migrate
