#include "backfill/lease.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <random>
#include <set>

#include "base/error.hpp"

namespace weir::backfill {
namespace {

constexpr int kClaims = 3;  // a claim fails only when another one came in between

// Its token is known as ours before it is sent.
ledger::Lease lease_for(db::Connection& worker, OwnTokens& own) {
  ledger::Lease lease{new_token(), this_process(), worker.session_id(), 0};
  own.add(lease.token);
  return lease;
}

// The tokens of all workers of this process.
struct KnownTokens {
  std::mutex mutex;
  std::set<std::string> tokens;
};
KnownTokens& known_tokens() {
  static KnownTokens known;
  return known;
}

bool is_provably_dead(db::Connection& connection, const ledger::Lease& lease) {
  if (is_this_process(lease.process) && !OwnTokens::known_here(lease.token)) return true;
  if (liveness_of(lease.process) == Liveness::kDead) return true;
  return !lease.session.empty() && connection.session_liveness(lease.session) == Liveness::kDead;
}

}  // namespace

OwnTokens::~OwnTokens() {
  KnownTokens& known = known_tokens();
  const std::lock_guard lock(known.mutex);
  for (const auto& token : tokens_) known.tokens.erase(token);
}

void OwnTokens::add(const std::string& token) {
  KnownTokens& known = known_tokens();
  const std::lock_guard lock(known.mutex);
  known.tokens.insert(token);
  tokens_.push_back(token);
}

bool OwnTokens::contain(const std::string& token) const {
  return std::find(tokens_.begin(), tokens_.end(), token) != tokens_.end();
}

bool OwnTokens::known_here(const std::string& token) {
  KnownTokens& known = known_tokens();
  const std::lock_guard lock(known.mutex);
  return known.tokens.contains(token);
}

std::string new_token() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", device());
  return token;
}

// A worker may be held up longer than its lease by one long statement. As long as its process lives on this host, and
// is not stopped, it keeps the slice; of a worker elsewhere nothing is known but its lease.
bool is_held(db::Connection& connection, const ledger::Slice& slice, const OwnTokens& own) {
  if (!slice.lease || own.contain(slice.lease->token) || is_provably_dead(connection, *slice.lease)) return false;
  return slice.lease->expires_at > slice.now || is_running(slice.lease->process);
}

std::optional<ledger::Lease> try_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                                       const ledger::Slice& slice, OwnTokens& own, const std::string& checksum) {
  if (is_held(ledger.connection(), slice, own)) return std::nullopt;
  ledger::Lease mine = lease_for(worker, own);
  const std::string expected = slice.lease ? slice.lease->token : "";
  if (!ledger::claim_slice(ledger, id, slice.ordinal, expected, mine, kLeaseTime, checksum)) return std::nullopt;
  return mine;
}

ledger::Lease reacquire_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                              std::int64_t ordinal, OwnTokens& own, const std::string& checksum) {
  ledger::Lease renewed = lease_for(worker, own);
  for (int attempt = 0; attempt < kClaims; ++attempt) {
    const auto slice = ledger::read_slice(ledger, id, ordinal);
    if (!slice || !slice->lease || !own.contain(slice->lease->token)) break;
    // A claim of ours that was still on its way may have come in between.
    if (ledger::claim_slice(ledger, id, ordinal, slice->lease->token, renewed, kLeaseTime, checksum)) return renewed;
  }
  throw Error(Code::kLeaseLost, "another worker took this run over while the connection was lost")
      .hint("nothing was lost: `weir status` shows who works on it");
}

}  // namespace weir::backfill
