// The facts that a deploy looks up on the database itself.
#pragma once

#include "backfill/row_program.hpp"
#include "db/database.hpp"
#include "migrate/decide.hpp"

namespace weir::migrate {

class DatabaseFacts final : public Facts {
 public:
  // `connection` and `ledger` may be null: the database, or its ledger, does not exist yet. `programs`: the row
  // programs that this process has, or null. A migration that needs another one can be done here over an empty table
  // only.
  DatabaseFacts(const db::Database& database, db::Connection* connection, ledger::Ledger* ledger,
                const project::Timeline& timeline, std::int64_t inline_rows, const backfill::RowPrograms* programs)
      : database_(database),
        connection_(connection),
        ledger_(ledger),
        timeline_(timeline),
        inline_rows_(inline_rows),
        programs_(programs) {}

  bool is_small(const project::Migration& migration) override;
  // Errors: what the engine says of the migration's SQL.
  Completeness completeness(const project::Migration& migration) override;

 private:
  const db::Database& database_;
  db::Connection* connection_;
  ledger::Ledger* ledger_;
  const project::Timeline& timeline_;
  std::int64_t inline_rows_;
  const backfill::RowPrograms* programs_;
};

}  // namespace weir::migrate
