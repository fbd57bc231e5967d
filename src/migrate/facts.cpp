#include "migrate/facts.hpp"

#include <fmt/format.h>

#include "migrate/measure.hpp"

namespace weir::migrate {

bool DatabaseFacts::is_small(const project::Migration& migration) {
  const auto table = connection_ == nullptr ? std::nullopt : connection_->describe_table(migration.data.over.text);
  if (!table) return true;
  const bool computable = backfill::can_compute(migration, backfill::find_program(programs_, migration));
  const std::int64_t most = computable ? inline_rows_ : 0;
  // Stops counting one row behind the limit, so the size of the table does not matter.
  const std::string sql = fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS limited",
                                      sql::quote(database_.dialect(), table->name), most + 1);
  return db::as_integer(connection_->execute({sql, {}}).rows.at(0).at(0)) <= most;
}

Completeness DatabaseFacts::completeness(const project::Migration& migration) {
  if (ledger_ == nullptr) return {};
  const Measurement measured = measure(database_, *ledger_, timeline_, ledger::read_history(*ledger_), migration);
  return {measured.residual.value_or(0), measured.violations.value_or(0)};
}

}  // namespace weir::migrate
