// Taking a slice over: at once when its holder is provably dead, after the lease otherwise, and never from a process of
// this host that runs.
#pragma once

#include <string>
#include <vector>

#include "ledger/slices.hpp"

namespace weir::backfill {

inline constexpr Milliseconds kLeaseTime{15'000};

// A fresh fencing token.
std::string new_token();

// The tokens with which one worker has claimed or tried to claim. After a lost connection any of them may stand in the
// ledger, because the answer to a claim can be lost too; it is then still ours. While this lives the whole process
// knows them: a lease of this process with another token is that of a worker which ended and could not release it, and
// a process that goes on must not wait for it for ever.
class OwnTokens {
 public:
  OwnTokens() = default;
  ~OwnTokens();
  OwnTokens(const OwnTokens&) = delete;
  OwnTokens& operator=(const OwnTokens&) = delete;

  // Before it is sent.
  void add(const std::string& token);
  bool contain(const std::string& token) const;
  // Whether any worker of this process has it. Thread-safe.
  static bool known_here(const std::string& token);

 private:
  std::vector<std::string> tokens_;
};

// Whether somebody else lives who holds the slice. `connection` asks for its session.
bool is_held(db::Connection& connection, const ledger::Slice& slice, const OwnTokens& own);

// Takes the slice for `worker` unless another worker holds it. `slice` as it was just read; nothing when it is held, or
// somebody was faster.
// Guarantee: afterwards no transaction of an earlier holder can commit a batch, because the token has changed, and the
// cursor that is read next is final, because claiming waits for a batch in flight.
std::optional<ledger::Lease> try_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                                       const ledger::Slice& slice, OwnTokens& own, const std::string& checksum);

// After a lost connection: takes the slice back with a new token if nobody else took it. Errors: kLeaseLost.
ledger::Lease reacquire_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                              std::int64_t ordinal, OwnTokens& own, const std::string& checksum);

}  // namespace weir::backfill
