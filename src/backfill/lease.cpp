#include "backfill/lease.hpp"

#include <fmt/format.h>
#include <random>

#include "base/error.hpp"

namespace weir::backfill {
namespace {

ledger::Lease lease_for(db::Connection& worker) { return {new_token(), this_process(), worker.session_id(), 0}; }

bool is_provably_dead(db::Connection& connection, const ledger::Lease& lease) {
  if (liveness_of(lease.process) == Liveness::kDead) return true;
  return !lease.session.empty() && connection.session_liveness(lease.session) == Liveness::kDead;
}

}  // namespace

std::string new_token() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", device());
  return token;
}

ledger::Lease acquire_slice(ledger::Ledger& ledger, db::Connection& worker, const ledger::RunId& id,
                            std::int64_t ordinal) {
  ledger::Lease mine = lease_for(worker);
  constexpr int kAttempts = 3;  // a claim fails only when another claim came in between
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto slice = ledger::read_slice(ledger, id, ordinal);
    if (!slice) throw Error(Code::kLedgerCorrupt, fmt::format("run {}#{} has no slice", id.version.text(), id.attempt));
    const auto& holder = slice->lease;
    if (holder && holder->expires_at > slice->now && !is_provably_dead(ledger.connection(), *holder)) {
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
                              std::int64_t ordinal, const ledger::Lease& mine) {
  ledger::Lease renewed = lease_for(worker);
  if (!ledger::claim_slice(ledger, id, ordinal, mine.token, renewed, kLeaseTime)) {
    throw Error(Code::kLeaseLost, "another worker took this run over while the connection was lost")
        .hint("nothing was lost: `weir status` shows who works on it");
  }
  return renewed;
}

}  // namespace weir::backfill
