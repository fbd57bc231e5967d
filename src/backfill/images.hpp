// The tables that hold before-images: made when a run begins, dropped when nobody needs them any more.
#pragma once

#include <optional>
#include <vector>

#include "backfill/program.hpp"
#include "ledger/image_sets.hpp"

namespace weir::backfill {

// Makes sure that the run has a table for its images when the program keeps some; where it is.
// Errors: kDefinitionChanged when the run has begun with other columns, or with `keep` and the program has none, or has
// done batches without; kNotFound when the table was dropped after a batch; kIllegalTransition when the run is undone.
std::optional<sql::TableName> open_images(ledger::Ledger& ledger, const Program& program, const ledger::RunId& run);

// Errors: kIllegalTransition while an undo of the migration is not complete: a run would change again what it restores.
void refuse_while_undoing(ledger::Ledger& ledger, const project::Version& version);

// Until the caller's transaction ends none begins: an undo and a new run begin one behind the other. Errors: likewise.
void hold_off_undo(ledger::Ledger& ledger, const project::Version& version);

// Images that are gone afterwards, by run. Their runs cannot be undone any more.
// All of one data migration. Errors: kIllegalTransition while a run of it is being executed.
std::vector<ledger::ImageSet> discard_images(ledger::Ledger& ledger, const ledger::Run& latest,
                                             const std::string& actor);
// Those of runs that ended longer ago than `age`; of all migrations.
std::vector<ledger::ImageSet> discard_expired_images(ledger::Ledger& ledger, Milliseconds age,
                                                     const std::string& actor);

// The same after a run, on a connection of its own; 0 days: nothing is ever dropped. What failed: it is no reason to
// call the run failed.
std::optional<Error> drop_expired_images(const db::Database& database, std::int64_t keep_days,
                                         const std::string& actor);

}  // namespace weir::backfill
