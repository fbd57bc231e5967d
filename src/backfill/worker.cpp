#include "backfill/worker.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/runner.hpp"
#include "backfill/slicing.hpp"
#include "base/error.hpp"

namespace weir::backfill {
namespace {

constexpr Milliseconds kLookAgain{100};
// The most: what a server writes and a client may have to repeat in one piece.
constexpr govern::BatchSizer::Bounds kBatchBounds{10, 100'000};

// While this lives the pulse renews the session's lease.
class Renewal {
 public:
  Renewal(RunBoard& board, const Session& session) : board_(board), session_(session) {
    board_.hold(session_.lease.token);
  }
  // Another one by now, if the connection was lost in between.
  ~Renewal() { board_.drop(session_.lease.token); }
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;
  Renewal(Renewal&&) = delete;
  Renewal& operator=(Renewal&&) = delete;

 private:
  RunBoard& board_;
  const Session& session_;
};

}  // namespace

int wanted_workers(const RunContext& context, const RunBoard& board) {
  if (!context.database.capabilities().several_writers) return 1;
  const auto tuned = board.settings().workers;
  return static_cast<int>(std::clamp<std::int64_t>(tuned.value_or(context.workers), 1, kMostWorkers));
}

Worker::Worker(const RunContext& context, RunBoard& board, int number)
    : context_(context),
      board_(board),
      number_(number),
      program_(context.program),
      sizer_(context.program.batch_rows, kBatchBounds) {}

void Worker::connect() {
  session_.replace(connect_worker(context_.database), context_.database.connect(db::Purpose::kControl),
                   context_.ledger);
}

bool Worker::leaves() const {
  return board_.must_leave() || (number_ > 0 && number_ >= wanted_workers(context_, board_));
}

std::optional<Ending> Worker::work() {
  while (!leaves() && !ending_) {
    try {
      look_for_work();
      backoff_.reset();
    } catch (const Error& error) {
      recover(error);
    }
  }
  return ending_;
}

void Worker::look_for_work() {
  auto slices = ledger::read_slices(*session_.ledger, context_.run.id);
  if (slices.empty()) throw Error(Code::kLedgerCorrupt, "the slices of this run are gone");
  const ledger::Slice itself = slices.front();
  if (itself.ordinal != ledger::kRunItself || itself.state != ledger::SliceState::kDone)
    throw Error(Code::kLedgerCorrupt, "slice 0 of this run is not the run itself").hint("begin it anew: --restart");
  slices.erase(slices.begin());
  bool all_done = true;
  std::optional<ledger::Slice> held;
  for (const auto& slice : slices) {
    if (slice.state == ledger::SliceState::kDone) continue;
    all_done = false;
    if (slice.lease) held = slice;
    const auto lease =
        try_slice(*session_.ledger, *session_.worker, context_.run.id, slice, session_.tokens, context_.run.checksum);
    if (!lease) continue;
    session_.lease = *lease;
    return walk(slice.ordinal);
  }
  const auto lease = all_done ? try_slice(*session_.ledger, *session_.worker, context_.run.id, itself, session_.tokens,
                                          context_.run.checksum)
                              : std::nullopt;
  if (!lease) return wait_for_work(all_done ? itself : held);
  session_.lease = *lease;
  end_pass();
}

void Worker::end_pass() {
  const std::int64_t slices = slices_for(wanted_workers(context_, board_));
  work_under_lease(ledger::kRunItself, [&] {
    PassEnd end({context_.database, program_, context_.run, session_, context_.clock, board_, context_.actor, slices,
                 context_.started});
    ending_ = end.act();
    if (!ending_) ledger::release_slice(*session_.ledger, context_.run.id, ledger::kRunItself, session_.lease.token);
  });
}

void Worker::walk(std::int64_t ordinal) {
  work_under_lease(ordinal, [&] {
    SliceWalk walk({context_.database, program_, context_.run.id, ordinal, session_, sizer_, context_.clock,
                    context_.stop, board_, [this] { return leaves(); }, context_.actor, context_.run.checksum});
    if (walk.walk() == WalkEnd::kStopped) {
      ledger::release_slice(*session_.ledger, context_.run.id, ordinal, session_.lease.token);
    } else {
      ledger::finish_slice(*session_.ledger, context_.run.id, ordinal, session_.lease.token);
    }
  });
}

// Whoever fails gives back what it held, so that others need not find out that it is dead.
void Worker::work_under_lease(std::int64_t ordinal, const std::function<void()>& work) {
  const Renewal renewal(board_, session_);
  try {
    work();
  } catch (const Error&) {
    if (!session_.control->broken()) {
      if (session_.control->in_transaction()) session_.control->rollback();
      ledger::release_slice(*session_.ledger, context_.run.id, ordinal, session_.lease.token);
    }
    throw;
  }
  board_.wake();
}

// Others hold what is left: they are asked for a part of it.
void Worker::wait_for_work(const std::optional<ledger::Slice>& slice) {
  const std::string holder =
      slice && slice->lease ? fmt::format("{} {}", slice->lease->process.host, slice->lease->process.pid) : "";
  const ProcessId here = this_process();
  const std::string own = fmt::format("{} {}", here.host, here.pid);
  if (!holder.empty() && holder != own && waited_for_.insert(holder).second) {
    board_.note(fmt::format("waits for pid {} on {}, whose lease ends in {} s unless it goes on working",
                            slice->lease->process.pid, slice->lease->process.hostname,
                            std::max<EpochMs>(0, slice->lease->expires_at - slice->now) / 1000));
  }
  board_.set_idle(+1);
  try {
    if (context_.database.capabilities().several_writers) ledger::request_split(*session_.ledger, context_.run.id);
    if (const auto settings = ledger::read_settings(*session_.ledger, context_.run.id)) board_.set_settings(*settings);
  } catch (...) {
    board_.set_idle(-1);
    throw;
  }
  board_.wait(kLookAgain);
  board_.set_idle(-1);
}

// Either throws on, or leaves the worker ready to look for work.
void Worker::recover(const Error& error) {
  // Somebody thought this worker dead. Nothing of its batch was committed, and there may be other work.
  if (error.code() == Code::kLeaseLost) return board_.note(fmt::format("{}; goes on with other work", error.message()));
  if (!error.is_transient() || backoff_.exhausted()) throw Error(error).next(Next::kFail);
  board_.note(fmt::format("{}: {}; trying again ({} of {})", to_string(error.code()), error.message(),
                          backoff_.attempt() + 1, Backoff::kMaxAttempts));
  backoff_.wait(context_.clock, context_.stop);
  if (!session_.control->broken() && !session_.worker->broken() && error.next() != Next::kReconnect) return;
  try {
    connect();
  } catch (const Error& again) {
    if (!again.is_transient() && again.code() != Code::kCannotConnect) throw;
  }
}

}  // namespace weir::backfill
