// Rows that a run could not process, with the error of each. A row leaves by being processed after all, or when an
// operator has dealt with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "ledger/runs.hpp"

namespace weir::ledger {

struct QuarantinedRow {
  std::int64_t id = 0;
  db::Row key;
  std::string code;     // stable: "constraint", "data-error"
  std::string native;   // SQLSTATE, or the engine's number
  std::string message;  // without values of the row
  EpochMs at = 0;
  std::string actor;
};

// In the order in which they came.
std::vector<QuarantinedRow> read_quarantine(Ledger& ledger, const RunId& id);
std::int64_t count_quarantined(Ledger& ledger, const RunId& id);
// Takes the place of an earlier failure of the same row. The caller's transaction moves the cursor past the row.
void quarantine_row(Ledger& ledger, const RunId& id, const db::Row& key, const Error& error, const std::string& actor);
// Until the caller's transaction ends nobody cancels the run or moves it. False: it is cancelled, or will be.
bool hold_uncancelled(Ledger& ledger, const RunId& id);
// False: somebody else was faster. Waits for whoever is at it.
bool take_from_quarantine(Ledger& ledger, std::int64_t row_id);
// It failed again.
void note_failure(Ledger& ledger, std::int64_t row_id, const Error& error);
// How many there were.
std::int64_t discard_quarantine(Ledger& ledger, const RunId& id);

}  // namespace weir::ledger
