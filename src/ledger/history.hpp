// Applied migrations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "project/migration.hpp"

namespace weir::ledger {

enum class EntryState {
  kPartial,  // some statements of a migration without transaction are done
  kUndoing,  // applied, and some statements of its rollback without transaction are done
  kApplied,  // schema migration applied, or data migration complete
};

struct Entry {
  project::Version version;
  std::string name;
  project::Kind kind = project::Kind::kSchema;
  std::string change;
  EntryState state = EntryState::kApplied;
  std::string checksum;
  std::string applied_text;
  std::int64_t statements_done = 0;  // kUndoing: of the rollback
  std::int64_t statements_total = 0;
  // Of one half applied or half rolled back: the next statement was begun, and this is what the catalogue showed before
  // it; empty when that told nothing.
  std::optional<std::string> intent;
  EpochMs started_at = 0;
  std::optional<EpochMs> applied_at;
  std::string actor;
};

// By version.
std::vector<Entry> read_history(Ledger& ledger);
// The entry of a version in what read_history() gave, or null.
const Entry* find_entry(const std::vector<Entry>& history, const project::Version& version);
std::optional<Entry> read_entry(Ledger& ledger, const project::Version& version);

// Journal before effect: the migration begins; no statement is done yet. `intent` as in Entry. False, and nothing is
// written, when the migration has an entry. Errors: kSerialization (to be retried) when another transaction has just
// written it.
bool record_started(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    const std::optional<std::string>& intent, const std::string& actor);

struct Applied {
  const project::Migration* migration = nullptr;
  std::int64_t statements = 0;
  Milliseconds duration{0};
};
// In the transaction of their statements, all with one INSERT: of two deployers that apply the same migration one is
// rolled back. Errors: kDeployLockHeld when one of them has an entry.
void record_applied_together(Ledger& ledger, const std::vector<Applied>& applied, const std::string& actor);
// Journal before effect: the rollback of an applied migration begins. False, and nothing is written, when it is not
// applied.
bool record_undoing(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    const std::optional<std::string>& intent);

// A journaled entry: `state` is kPartial or kUndoing.
struct JournalPlace {
  project::Version version;
  EntryState state = EntryState::kPartial;
  std::int64_t recorded = 0;  // statements done, as the ledger has it
};
// The rest of the migration was edited: what is executed from now on is this text.
void record_journal_text(Ledger& ledger, EntryState state, const project::Migration& migration,
                         std::int64_t statements_total);
// Both compare and set: false, and nothing is written, when the entry is not at this place, because another deployer
// has moved it on. Journal before effect: the statement behind `done` begins; `before` as in Entry::intent.
bool record_intent(Ledger& ledger, const JournalPlace& place, std::int64_t done, const std::string& before);
bool record_statement_done(Ledger& ledger, const JournalPlace& place, std::int64_t done);
// The migration was recorded as started, and none of its statements is executed: as if it had not been.
void remove_opened(Ledger& ledger, const project::Version& version);
// A migration that record_started() began is applied. False, and nothing is written, when it is not half applied.
bool record_complete(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                     Milliseconds duration, const std::string& actor);
// One that has no entry, or an old one, is applied.
void record_applied(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    Milliseconds duration, const std::string& actor);
// False when there was none.
bool remove_entry(Ledger& ledger, const project::Version& version);

}  // namespace weir::ledger
