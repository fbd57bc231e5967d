#include "backfill/pulse.hpp"

#include "backfill/lease.hpp"
#include "ledger/slices.hpp"

namespace weir::backfill {
namespace {

// So soon an operator's command is seen.
constexpr Milliseconds kBeat{100};
constexpr int kBeatsPerLook = 5;  // at the slices
constexpr int kBeatsPerRenewal = int{kLeaseTime / kBeat} / 3;

}  // namespace

Pulse::Pulse(const db::Database& database, const ledger::Ledger& ledger, ledger::RunId run, RunBoard& board,
             std::function<void()> on_beat)
    : database_(database),
      ledger_(ledger),
      run_(std::move(run)),
      board_(board),
      on_beat_(std::move(on_beat)),
      thread_([this] { beat(); }) {}

Pulse::~Pulse() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void Pulse::beat() {
  std::unique_ptr<db::Connection> connection;
  for (int beat = 1;; ++beat) {
    {
      std::unique_lock lock(mutex_);
      if (ended_.wait_for(lock, kBeat, [this] { return end_; })) return;
    }
    try {
      if (!connection || connection->broken()) connection = database_.connect(db::Purpose::kControl);
      ledger::Ledger ledger = ledger_.over(*connection);
      look(ledger, beat % kBeatsPerLook == 0);
      board_.set_unwatched(false);
      on_beat_();
      // Where one process writes at a time, it is alive or dead for everybody to see, and renewals would only be in the
      // way of the batches.
      if (beat % kBeatsPerRenewal == 0 && database_.capabilities().several_writers) {
        for (const auto& token : board_.held()) ledger::renew_lease(ledger, run_, token, kLeaseTime);
      }
      look_at_locks(*connection);
    } catch (const std::exception&) {
      // The workers find out themselves whether the database is gone, and what the operator wants.
      board_.set_unwatched(true);
      connection.reset();
    }
  }
}

// Who may not see other sessions goes on without.
void Pulse::look_at_locks(db::Connection& connection) {
  if (!may_see_locks_) return;
  try {
    board_.lock_watch().look(connection);
  } catch (const Error& error) {
    if (error.next() != Next::kFail) throw;
    may_see_locks_ = false;
    board_.note("batches cannot give way to those who wait for their locks: " + error.message());
  }
}

void Pulse::look(ledger::Ledger& ledger, bool whole) {
  if (const auto settings = ledger::read_settings(ledger, run_)) board_.set_settings(*settings);
  if (!whole) return;
  std::int64_t rows = 0;
  int leased = 0;
  bool split_wanted = false;
  const auto held = board_.held();
  std::vector<std::string> fellows;
  for (const auto& slice : ledger::read_slices(ledger, run_)) {
    rows += slice.rows_done;
    if (slice.lease && !held.contains(slice.lease->token)) fellows.push_back(slice.lease->session);
    if (slice.ordinal != ledger::kRunItself && slice.lease) ++leased;
    split_wanted = split_wanted || (slice.split_wanted && slice.lease && held.contains(slice.lease->token));
  }
  board_.see(rows, leased, split_wanted);
  std::erase(fellows, "");
  board_.lock_watch().set_fellows(std::move(fellows));
}

}  // namespace weir::backfill
