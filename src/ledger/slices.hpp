// Slices of a run: contiguous key ranges with a cursor, counters and a lease. Number 0 is the run itself: it has no
// rows, and who holds its lease plans the next pass or ends the run, when all others are done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/process.hpp"
#include "ledger/ledger.hpp"
#include "ledger/runs.hpp"

namespace weir::ledger {

inline constexpr std::int64_t kRunItself = 0;  // the ordinal

struct Lease {
  std::string token;
  ProcessId process;
  std::string session;
  EpochMs expires_at = 0;
};

enum class SliceState { kActive, kDone };

struct Slice {
  std::int64_t ordinal = 0;
  std::int64_t pass = 0;
  std::optional<db::Row> lower;   // exclusive; nothing: from the beginning of the table
  std::optional<db::Row> upper;   // inclusive
  std::optional<db::Row> cursor;  // the last key that is done; nothing: at the beginning
  SliceState state = SliceState::kActive;
  std::int64_t rows_done = 0;
  std::int64_t batches = 0;
  std::optional<Lease> lease;
  bool split_wanted = false;  // a worker somewhere has nothing to do
  EpochMs updated_at = 0;
  EpochMs now = 0;  // the database's clock when the slice was read
};

// In the order of their numbers; number 0 first.
std::vector<Slice> read_slices(Ledger& ledger, const RunId& id);
std::optional<Slice> read_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal);

bool all_done(Ledger& ledger, const RunId& id);

struct Bounds {
  std::optional<db::Row> lower;  // exclusive
  db::Row upper;                 // inclusive
};
// Replaces the slices of the pass before, which are all done, by those of pass `pass`. `token`: the lease of the run
// itself. False, and nothing is changed, while a slice is not done. Errors: kLeaseLost.
bool start_pass(Ledger& ledger, const RunId& id, std::int64_t pass, const std::vector<Bounds>& slices,
                const std::string& token);
// Rows that were changed outside the slices.
void count_rows(Ledger& ledger, const RunId& id, std::int64_t rows);
// The slice ends at its upper bound. Errors: kLeaseLost.
void finish_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token);

// Gives what lies behind `middle` to a new slice that nobody holds. The holder alone does it, between two batches.
// False: somebody else did the same in this moment; nothing was changed. Errors: kLeaseLost.
bool split_slice(Ledger& ledger, const RunId& id, const Slice& slice, const db::Row& middle, const std::string& token);
// Asks all who hold a slice for a part of it.
void request_split(Ledger& ledger, const RunId& id);

// Takes the slice if its token is still `expected` (empty: free) and the run is `running` with the text of `checksum`.
// False: somebody else was faster. Waits for a batch in flight, and for whoever moves the run.
bool claim_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& expected, const Lease& lease,
                 Milliseconds duration, const std::string& checksum);
// False: it was not held under `token` any more.
bool release_slice(Ledger& ledger, const RunId& id, std::int64_t ordinal, const std::string& token);
// Prolongs the lease, as every batch does. False: it was not held under `token` any more.
bool renew_lease(Ledger& ledger, const RunId& id, const std::string& token, Milliseconds duration);
// Whoever holds a slice of the run cannot commit any more.
void revoke_leases(Ledger& ledger, const RunId& id);

// The UPDATE that commits with every batch; see db::BatchSource::checkpoint. Bound: weir_cursor, weir_version,
// weir_attempt, weir_ordinal, weir_token.
std::string checkpoint_sql(const Ledger& ledger, Milliseconds lease);

}  // namespace weir::ledger
