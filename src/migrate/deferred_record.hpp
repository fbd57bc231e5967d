// Records that the migrations applied last are complete, which are written in one transaction with the beginning of the
// next. Only for migrations with a journal: what a crash in between leaves behind is an open intent, and the next
// deploy looks what became of it (DESIGN.md invariant 6). Not thread-safe.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "ledger/ledger.hpp"

namespace weir::migrate {

class DeferredRecord {
 public:
  using Write = std::function<void(ledger::Ledger&)>;

  void defer(Write write) { writes_.push_back(std::move(write)); }
  bool empty() const { return writes_.empty(); }

  // Inside the caller's transaction. What fails is not tried again: the journal tells the next deploy.
  void write_into(ledger::Ledger& ledger) {
    for (const auto& write : std::exchange(writes_, {})) write(ledger);
  }
  void flush(ledger::Ledger& ledger) {
    if (empty()) return;
    db::Transaction transaction(ledger.connection());
    write_into(ledger);
    transaction.commit();
  }

 private:
  std::vector<Write> writes_;
};

}  // namespace weir::migrate
