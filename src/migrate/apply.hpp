// Applies one schema migration, or rolls it back: exactly once, in a transaction where the engine and the statements
// allow it, statement by statement with a journal otherwise (journal.hpp).
#pragma once

#include <string>

#include "adopt/former_history.hpp"
#include "ledger/history.hpp"
#include "migrate/executor.hpp"

namespace weir::migrate {

struct ApplyContext {
  const db::Database& database;
  const project::Config& config;
  ledger::Ledger& ledger;  // over a connection that no migration uses
  Clock& clock;
  const StopToken& stop;
  DeployObserver& observer;
  Executor& executor;
  std::string actor;
  const adopt::FormerHistory* former = nullptr;  // the adopted tool's table, when it is kept up to date
};

// The data migrations whose completeness was measured for a migration; recorded with it.
using Gates = std::vector<const project::Migration*>;

// Refuses, before anything is executed, statements that would end weir's transaction. Errors: kInvalidFile.
void check_statements(const project::Migration& migration, const sql::Dialect& dialect);

// True when all statements of these sections run in one transaction.
bool is_transactional(const db::Database& database, const std::vector<const project::Section*>& sections);

// Errors: the engine's, at the statement's place in the file, after a rollback (transaction) or with the number of
// statements that are done (no transaction); kVerificationFailed when migrate:verify counts violations.
Milliseconds apply_migration(const ApplyContext& context, const project::Migration& migration,
                             const ledger::Entry* partial, const Gates& gates);

// A repeatable migration. Without a transaction it is repeated from its first statement after a failure.
Milliseconds apply_repeatable(const ApplyContext& context, const project::Migration& migration);

// Runs the down sections and removes the record. `also_reopen`: data migrations that become undone with it.
Milliseconds roll_back_migration(const ApplyContext& context, const project::Migration& migration,
                                 const std::vector<const project::Migration*>& also_reopen);

}  // namespace weir::migrate
