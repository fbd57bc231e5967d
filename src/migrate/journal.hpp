// A schema migration (or its rollback) whose statements cannot share one transaction, executed one by one. The intent
// of a statement is recorded before it, with what the catalogue showed then; its outcome together with the intent of
// the next. After a crash weir looks what became of the last intent (DESIGN.md invariant 6) and goes on behind what was
// done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migrate/apply.hpp"

namespace weir::migrate {

// Executes what `begun` (if any) has not done yet: of the up sections (`state` kPartial) or the down sections
// (kUndoing). What is recorded at the end is the caller's. Errors: the engine's, with the number of statements that are
// done; kDefinitionChanged when a statement that was executed has been edited; kInDoubt when nobody can tell whether
// the last one was executed.
void execute_one_by_one(const ApplyContext& context, const project::Migration& migration, ledger::EntryState state,
                        const std::vector<Work>& work, const ledger::Entry* begun);

// What the catalogue shows before the first statement; nothing where it does not tell.
std::optional<std::string> look_before(const ApplyContext& context, const std::vector<Work>& work);
// As execute_one_by_one(), of a migration that is recorded as started with what look_before() gave.
void execute_opened(const ApplyContext& context, const project::Migration& migration, const std::vector<Work>& work,
                    const std::string& intent);

Error overtaken(const project::Migration& migration);

// Errors: kDefinitionChanged when a statement that was executed does not stand in the file as it stood.
void check_done_part(const project::Migration& migration, const ledger::Entry& begun, const sql::Dialect& dialect);

// Without a journal: what is repeated from its first statement after a failure (repeatable migrations).
void repeat_one_by_one(const ApplyContext& context, const std::vector<Work>& work);

}  // namespace weir::migrate
