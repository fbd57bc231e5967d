// Applies one schema migration, or rolls it back: exactly once, in a transaction where the engine and the statements
// allow it, statement by statement with a journal otherwise (journal.hpp).
#pragma once

#include <functional>
#include <span>
#include <string>

#include "adopt/former_history.hpp"
#include "ledger/history.hpp"
#include "migrate/deferred_record.hpp"
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
  DeferredRecord& deferred;
  std::string actor;
  const adopt::FormerHistory* former = nullptr;  // the adopted tool's table, when it is kept up to date
};

// The data migrations whose completeness was measured for a migration; recorded with it.
using Gates = std::vector<const project::Migration*>;

// Refuses, before anything is executed, statements that would end weir's transaction. Errors: kInvalidFile.
void check_statements(const project::Migration& migration, const sql::Dialect& dialect);

// True when all statements of these sections run in one transaction.
bool is_transactional(const db::Database& database, const std::vector<const project::Section*>& sections);

// A migration to be applied.
struct Todo {
  const project::Migration* migration = nullptr;
  Gates gates;
};

// Without a transaction its completion is left to context.deferred. Errors: the engine's, at the statement's place in
// the file, after a rollback (transaction) or with the number of statements that are done (no transaction);
// kVerificationFailed when migrate:verify counts violations.
Milliseconds apply_migration(const ApplyContext& context, const Todo& todo, const ledger::Entry* partial);

// Several migrations may share one short transaction, so that the disk is waited for once: where only one transaction
// writes at a time, and for those that only make new tables. Nothing waits for a lock inside, and nobody for ours.
// Without transactional DDL those of one statement share their journal's writes. Not for what sets something in the
// session.
bool may_be_together(const ApplyContext& context, const project::Migration& migration);
// Applies them in this order; `on_applied` is called for each when it is committed (or can be told from the journal).
// Errors: as apply_migration(), those before it are applied.
using OnApplied = std::function<void(const Todo&, Milliseconds)>;
void apply_together(const ApplyContext& context, std::span<const Todo> todos, const OnApplied& on_applied);

// A repeatable migration. Without a transaction it is repeated from its first statement after a failure.
Milliseconds apply_repeatable(const ApplyContext& context, const project::Migration& migration);

// Runs the down sections and removes the record. `also_reopen`: data migrations that become undone with it. `undoing`:
// the entry of one that is half rolled back.
Milliseconds roll_back_migration(const ApplyContext& context, const project::Migration& migration,
                                 const std::vector<const project::Migration*>& also_reopen,
                                 const ledger::Entry* undoing);

}  // namespace weir::migrate
