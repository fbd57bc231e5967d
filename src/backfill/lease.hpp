// Taking a slice over: at once when its holder is provably dead, after the lease otherwise, and never from a process of
// this host that runs.
#pragma once

#include "ledger/runs.hpp"

namespace weir::backfill {

inline constexpr Milliseconds kLeaseTime{15'000};

// A fresh fencing token.
std::string new_token();

// The tokens with which one execution has claimed or tried to claim, newest last. After a lost connection any of them
// may stand in the ledger, because the answer to a claim can be lost too; it is then still ours.
using OwnTokens = std::vector<std::string>;

// Takes the slice for `worker`. Errors: kRunHeld (names the holder) while another worker holds it.
// Guarantee: afterwards no transaction of an earlier holder can commit a batch, because the token has changed, and the
// cursor that is read next is final, because claiming waits for a batch in flight.
ledger::Lease acquire_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                            std::int64_t ordinal, OwnTokens& own);

// After a lost connection: takes the slice back with a new token if nobody else took it. Errors: kLeaseLost.
ledger::Lease reacquire_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                              std::int64_t ordinal, OwnTokens& own);

}  // namespace weir::backfill
