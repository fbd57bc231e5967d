// How a data migration comes into the queue.
#pragma once

#include "backfill/runner.hpp"

namespace weir::backfill {

// As enqueue(), with parameters that are resolved already. `superseded`: the unfinished run, without a batch, whose
// place the new one takes in the same transaction; null: there is none. Errors: as prepare_program(); as
// refuse_while_undoing(); as supersede_run().
std::optional<std::int64_t> put_in_queue(const db::Database& database, ledger::Ledger& ledger,
                                         const project::Migration& migration, const ParameterValues& parameters,
                                         std::int64_t latest, const ledger::Run* superseded, const std::string& actor);

// For an unfinished run whose file has changed: another one with the present text takes its place in the queue, with
// its parameters unless some are `given`. False, and nothing is changed, when a batch was committed with the old text
// or somebody works on it. Errors: as put_in_queue() otherwise.
bool replace_unbegun(const db::Database& database, ledger::Ledger& ledger, const project::Migration& migration,
                     const ledger::Run& run, const ParameterValues& given, const std::string& actor);

}  // namespace weir::backfill
