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
  std::int64_t statements_done = 0;
  std::int64_t statements_total = 0;
  // Of a half applied migration: the next statement was begun, and this is what the catalogue showed before it; empty
  // when that told nothing.
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

// Both write nothing, and are false, when the migration has an entry. Errors: kSerialization (to be retried) when
// another transaction has just written the entry. Journal before effect: the migration begins; no statement is done
// yet. `intent` as in Entry.
bool record_started(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    const std::optional<std::string>& intent, const std::string& actor);
// In the transaction of its statements: of two that apply the same migration one is rolled back.
bool record_applied_at_once(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                            Milliseconds duration, const std::string& actor);
// The rest of a half applied migration was edited: what is applied from now on is this text.
void record_partial_text(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total);
// Both compare and set: false, and nothing is written, when the entry is not half applied with `recorded` statements
// done, because another deployer has moved it on.
// Journal before effect: the statement behind `done` begins; `before` as in Entry::intent.
bool record_intent(Ledger& ledger, const project::Version& version, std::int64_t recorded, std::int64_t done,
                   const std::string& before);
bool record_statement_done(Ledger& ledger, const project::Version& version, std::int64_t recorded, std::int64_t done);
// A migration that record_started() began is applied.
void record_complete(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                     Milliseconds duration, const std::string& actor);
// One that has no entry, or an old one, is applied.
void record_applied(Ledger& ledger, const project::Migration& migration, std::int64_t statements_total,
                    Milliseconds duration, const std::string& actor);
// False when there was none.
bool remove_entry(Ledger& ledger, const project::Version& version);

}  // namespace weir::ledger
