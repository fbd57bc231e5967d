#include "migrate/facts.hpp"

#include <fmt/format.h>

#include "backfill/completeness.hpp"

namespace weir::migrate {

bool DatabaseFacts::is_small(const project::Migration& migration) {
  const auto table = connection_ == nullptr ? std::nullopt : connection_->describe_table(migration.data.over.text);
  if (!table) return true;
  // Stops counting one row behind the limit, so the size of the table does not matter.
  const std::string sql = fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {}) AS limited",
                                      sql::quote(database_.dialect(), table->name), inline_rows_ + 1);
  return db::as_integer(connection_->execute({sql, {}}).rows.at(0).at(0)) <= inline_rows_;
}

Completeness DatabaseFacts::completeness(const project::Migration& migration) {
  if (ledger_ == nullptr) return {};
  auto& connection = ledger_->connection();
  const auto run = ledger::read_latest_run(*ledger_, migration.version);
  const auto parameters =
      run ? backfill::decode_parameters(run->parameters) : backfill::resolve_parameters(migration, {});
  const auto program = backfill::prepare_program(database_, connection, migration, parameters);
  Completeness complete;
  complete.residual = backfill::measure_residual(database_, connection, program);
  if (complete.residual == 0) complete.violations = backfill::count_violations(connection, migration).value_or(0);
  return complete;
}

}  // namespace weir::migrate
