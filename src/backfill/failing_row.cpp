#include "backfill/failing_row.hpp"

#include <fmt/format.h>

#include "backfill/checkpoint.hpp"
#include "base/sync_point.hpp"
#include "ledger/quarantine.hpp"

namespace weir::backfill {
namespace {

std::string name_of(const FailingRow& row, const Program& program) {
  return fmt::format("row {} of {}", db::encode_key(row.key), program.table.name.name);
}

}  // namespace

Error located(const FailingRow& row, const Program& program) { return Error(row.error).context(name_of(row, program)); }

std::int64_t set_aside(const FailingRow& row, const Program& program, const ledger::RunId& run, Session& session,
                       const db::Bindings& bindings, const std::string& actor) {
  db::Connection& worker = *session.worker;
  ledger::Ledger ledger = session.ledger->over(worker);
  const std::int64_t budget = program.migration->data.error_budget.value();
  db::Transaction transaction(worker);
  ledger::quarantine_row(ledger, run, row.key, row.error, actor);
  const auto held = ledger::count_quarantined(ledger, run);
  if (held > budget) {
    throw Error(Code::kErrorBudget, fmt::format("more than {} rows failed; the last one: {}: {}", budget,
                                                name_of(row, program), row.error.message()))
        .hint("`weir quarantine list` shows those before; `on_error: quarantine <rows>` sets how many may fail");
  }
  write_checkpoint(ledger, bindings, 0);
  sync_point(SyncPoint::kQuarantineBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kQuarantineCommitted);
  return held;
}

}  // namespace weir::backfill
