#include "backfill/lease.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <random>

#include "base/error.hpp"

namespace weir::backfill {
namespace {

constexpr int kClaims = 3;  // a claim fails only when another one came in between

// Its token is known as ours before it is sent.
ledger::Lease lease_for(db::Connection& worker, OwnTokens& own) {
  ledger::Lease lease{new_token(), this_process(), worker.session_id(), 0};
  own.push_back(lease.token);
  return lease;
}

bool is_own(const ledger::Lease& lease, const OwnTokens& own) {
  return std::find(own.begin(), own.end(), lease.token) != own.end();
}

bool is_provably_dead(db::Connection& connection, const ledger::Lease& lease) {
  if (liveness_of(lease.process) == Liveness::kDead) return true;
  return !lease.session.empty() && connection.session_liveness(lease.session) == Liveness::kDead;
}

// A worker may be held up longer than its lease by one long statement. As long as its process lives on this host, and
// is not stopped, it keeps the slice; of a worker elsewhere nothing is known but its lease.
bool is_held(db::Connection& connection, const ledger::Slice& slice) {
  if (!slice.lease || is_provably_dead(connection, *slice.lease)) return false;
  return slice.lease->expires_at > slice.now || is_running(slice.lease->process);
}

}  // namespace

std::string new_token() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", device());
  return token;
}

ledger::Lease acquire_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                            std::int64_t ordinal, OwnTokens& own) {
  ledger::Lease mine = lease_for(worker, own);
  for (int attempt = 0; attempt < kClaims; ++attempt) {
    const auto slice = ledger::read_slice(ledger, id, ordinal);
    if (!slice) throw Error(Code::kLedgerCorrupt, fmt::format("run {}#{} has no slice", id.version.text(), id.attempt));
    const auto& holder = slice->lease;
    if (holder && !is_own(*holder, own) && is_held(ledger.connection(), *slice)) {
      throw Error(Code::kRunHeld, fmt::format("this run is being executed by pid {} on {}", holder->process.pid,
                                              holder->process.hostname))
          .hint("`weir status` shows its progress; a worker that dies is replaced at once");
    }
    if (ledger::claim_slice(ledger, id, ordinal, holder ? holder->token : "", mine, kLeaseTime)) return mine;
  }
  throw Error(Code::kRunHeld, "another worker took this run in the same moment")
      .hint("`weir status` shows its progress");
}

ledger::Lease reacquire_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                              std::int64_t ordinal, OwnTokens& own) {
  ledger::Lease renewed = lease_for(worker, own);
  for (int attempt = 0; attempt < kClaims; ++attempt) {
    const auto slice = ledger::read_slice(ledger, id, ordinal);
    if (!slice || !slice->lease || !is_own(*slice->lease, own)) break;
    // A claim of ours that was still on its way may have come in between.
    if (ledger::claim_slice(ledger, id, ordinal, slice->lease->token, renewed, kLeaseTime)) return renewed;
  }
  throw Error(Code::kLeaseLost, "another worker took this run over while the connection was lost")
      .hint("nothing was lost: `weir status` shows who works on it");
}

}  // namespace weir::backfill
