// The facts that a deploy looks up on the database itself.
#pragma once

#include "db/database.hpp"
#include "migrate/decide.hpp"

namespace weir::migrate {

class DatabaseFacts final : public Facts {
 public:
  // `connection` and `ledger` may be null: the database, or its ledger, does not exist yet.
  DatabaseFacts(const db::Database& database, db::Connection* connection, ledger::Ledger* ledger,
                std::int64_t inline_rows)
      : database_(database), connection_(connection), ledger_(ledger), inline_rows_(inline_rows) {}

  bool is_small(const project::Migration& migration) override;
  // Errors: what the engine says of the migration's SQL.
  Completeness completeness(const project::Migration& migration) override;

 private:
  const db::Database& database_;
  db::Connection* connection_;
  ledger::Ledger* ledger_;
  std::int64_t inline_rows_;
};

}  // namespace weir::migrate
