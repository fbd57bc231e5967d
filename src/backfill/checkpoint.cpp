#include "backfill/checkpoint.hpp"

#include "backfill/lease.hpp"
#include "base/error.hpp"
#include "ledger/slices.hpp"

namespace weir::backfill {

void write_checkpoint(ledger::Ledger& ledger, db::Bindings bindings, std::int64_t rows) {
  const sql::Template checkpoint(ledger::checkpoint_sql(ledger, kLeaseTime), ledger.database().dialect());
  const auto rendered = checkpoint.render();
  bindings.emplace_back(std::string(db::kRowsPlaceholder), rows);
  if (ledger.connection().execute({rendered.sql, db::bind(rendered.names, bindings)}).affected != 1)
    throw Error(Code::kLeaseLost, "another worker took this slice over");
}

}  // namespace weir::backfill
