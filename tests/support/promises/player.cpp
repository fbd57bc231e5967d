#include "support/promises/player.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

#include "backfill/control.hpp"
#include "base/error.hpp"
#include "ledger/runs.hpp"

namespace weir::test::promises {
namespace {

constexpr int kMostStarts = 60;
constexpr Milliseconds kLongestSleep{20};
constexpr Milliseconds kLook{5};

}  // namespace

void HastyClock::sleep(Milliseconds duration) {
  const Milliseconds real = std::min(duration, kLongestSleep);
  system_clock().sleep(real);
  Milliseconds skipped = skipped_.load();
  while (!skipped_.compare_exchange_weak(skipped, skipped + duration - real)) {
  }
}

Player::Player(const db::Database& database, const project::Migration& migration, Table& table, const Example& example,
               Concurrency concurrency)
    : database_(database),
      migration_(migration),
      example_(example),
      concurrency_(concurrency),
      application_(database, table, example.selection, migration.version,
                   concurrency == Concurrency::kOneByOne ? InFlight::kImpossible : InFlight::kPossible) {}

void Player::play() {
  std::thread writer;
  if (concurrency_ == Concurrency::kAtOnce) writer = std::thread([this] { write_meanwhile(); });
  std::string complaints;
  try {
    int starts = 0;
    while (run_once() != Ended::kComplete) {
      if (++starts == kMostStarts) throw std::runtime_error("the run does not come to an end");
    }
    complaints = application_.complaints();
  } catch (const std::exception& error) {
    complaints = error.what();
  }
  {
    const std::lock_guard lock(mutex_);
    next_ = example_.steps.size();
  }
  changed_.notify_all();
  if (writer.joinable()) writer.join();
  end_helpers();
  if (failure_.empty() && complaints.empty()) return;
  throw std::runtime_error(failure_ + complaints + "\nwhat happened:\n" + said_);
}

// --- the run

Player::Ended Player::run_once() {
  backfill::Start start = backfill::Start::kContinue;
  bool nothing_follows = false;
  {
    const std::lock_guard lock(mutex_);
    nothing_follows = finished();  // otherwise the run may be complete, by a helper, before rows that are still to come
    if (!failure_.empty()) throw std::runtime_error("");
    stop_ = std::make_unique<StopToken>();
    hurry_ = false;
    if (std::exchange(restart_, false)) start = backfill::Start::kRestart;
  }
  if (start == backfill::Start::kRestart) {
    end_helpers();
    const std::lock_guard lock(mutex_);
    const auto run = ledger::read_latest_run(application_.ledger(), migration_.version);
    if (run) application_.begin_anew(run->id.attempt);
  }
  bool complete = false;
  try {
    const backfill::RunOutcome outcome = run(start);
    say(fmt::format("the run is {}, {} rows", to_string(outcome.state), outcome.rows_done));
    complete = nothing_follows && outcome.state == ledger::RunState::kSucceeded && outcome.already_complete;
    if (outcome.state == ledger::RunState::kSucceeded) take_all_steps();
  } catch (const Error& error) {
    say(fmt::format("the run ended with {}: {}", to_string(error.code()), error.message()));
    if (!tolerates(error)) throw std::runtime_error(fmt::format("{}: {}", to_string(error.code()), error.message()));
  }
  after_run();
  const std::lock_guard lock(mutex_);
  return complete && !restart_ && helpers_.empty() ? Ended::kComplete : Ended::kNot;
}

bool Player::tolerates(const Error& error) const {
  const auto has = [&](auto... acts) {
    return std::any_of(example_.steps.begin(), example_.steps.end(),
                       [&](const Step& step) { return ((step.act == acts) || ...); });
  };
  const Code code = error.code();
  // Rows are undone faster than the passes do them.
  if (code == Code::kResidualDoesNotShrink)
    return example_.selection != Selection::kAll && error.message().find("does not make") == std::string::npos;
  if (code == Code::kIllegalTransition) return has(Act::kPause, Act::kCancel);
  if (code == Code::kRunHeld || code == Code::kRunFailed) return has(Act::kHelp);
  return disturbed_ && (error.next() == Next::kReconnect || code == Code::kCannotConnect);
}

backfill::RunOutcome Player::run(backfill::Start start) {
  const backfill::RunRequest request{
      .migration = migration_, .parameters = {}, .start = start, .actor = "test", .workers = example_.workers};
  return backfill::Runner(database_, clock_, *stop_, *this).run(request);
}

void Player::after_run() {
  std::unique_lock lock(mutex_);
  const auto run = ledger::read_latest_run(application_.ledger(), migration_.version);
  // Helpers leave by themselves when the run does not go on.
  if (run && run->state != ledger::RunState::kRunning) {
    lock.unlock();
    end_helpers();
    lock.lock();
  }
  if (run && run->state == ledger::RunState::kCancelled) application_.begin_anew(run->id.attempt);
}

// --- the script

void Player::on_progress(const backfill::Progress& progress) {
  (void)progress;
  ++batches_;
  changed_.notify_all();
  if (concurrency_ == Concurrency::kOneByOne) take_steps();
}

void Player::on_note(const std::string& text) { say("note: " + text); }

void Player::say(const std::string& text) {
  const std::lock_guard lock(saying_);
  said_ += "  " + text + "\n";
}

void Player::take_steps() {
  const std::lock_guard lock(mutex_);
  while (!finished() && batches_ - last_ >= example_.steps[next_].gap) take_next_step();
}

void Player::take_all_steps() {
  std::unique_lock lock(mutex_);
  if (concurrency_ == Concurrency::kOneByOne) {
    while (!finished()) take_next_step();
    return;
  }
  hurry_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return finished() || !failure_.empty(); });
}

void Player::write_meanwhile() {
  for (;;) {
    std::unique_lock lock(mutex_);
    // Not for ever: who counts batches does not hold the mutex.
    changed_.wait_for(lock, kLook,
                      [this] { return finished() || hurry_ || batches_ - last_ >= example_.steps[next_].gap; });
    if (finished()) return;
    if (!hurry_ && batches_ - last_ < example_.steps[next_].gap) continue;
    take_next_step();
    if (!failure_.empty()) next_ = example_.steps.size();
    changed_.notify_all();
  }
}

void Player::take_next_step() {
  const Step& step = example_.steps[next_];
  try {
    say(fmt::format("after batch {}: step {}", batches_.load(), next_ + 1));
    step.act <= Act::kDo ? application_.act(step) : operate(step);
  } catch (const std::exception& error) {
    failure_ = fmt::format("step {} failed: {}\n", next_ + 1, error.what());
  }
  last_ = batches_;
  ++next_;
}

void Player::operate(const Step& step) {
  const auto run = ledger::read_latest_run(application_.ledger(), migration_.version);
  switch (step.act) {
    case Act::kRestart: restart_ = true; [[fallthrough]];
    case Act::kStop: stop_->request(); break;
    case Act::kPause:
    case Act::kCancel:
      if (run) control(step.act, *run);
      break;
    case Act::kTune:
      if (run) tune(step, *run);
      break;
    case Act::kSteal: steal(); break;
    case Act::kCut: cut(); break;
    case Act::kHelp:
      if (run && run->state == ledger::RunState::kRunning) help(*run);
      break;
    case Act::kInsert:
    case Act::kDelete:
    case Act::kMove:
    case Act::kTouch:
    case Act::kUndo:
    case Act::kDo: throw std::logic_error("the application does that");
  }
}

// Does not wait: whoever works may be waiting for this step.
void Player::control(Act act, const ledger::Run& run) {
  const backfill::Wait at_once{clock_, *stop_, Milliseconds(0)};
  try {
    const auto now = act == Act::kPause ? backfill::pause_run(application_.ledger(), run, "test", at_once)
                                        : backfill::cancel_run(application_.ledger(), run, "test", at_once);
    say(fmt::format("which is {} now", to_string(now.state)));
    if (now.state == ledger::RunState::kCancelled) application_.begin_anew(now.id.attempt);
  } catch (const Error& error) {
    if (error.code() != Code::kIllegalTransition) throw;
    say("in vain: " + error.message());
  }
}

void Player::tune(const Step& step, const ledger::Run& run) {
  ledger::Tuning tuning;
  tuning.batch_rows = 1 + step.which % 50;
  if (concurrency_ == Concurrency::kAtOnce) tuning.workers = 1 + step.where % 8;
  try {
    backfill::tune_run(application_.ledger(), run, tuning, "test");
  } catch (const Error& error) {
    if (error.code() != Code::kIllegalTransition) throw;
  }
}

void Player::steal() {
  application_.ledger().execute(
      "UPDATE :weir_slices SET lease_token = 'stolen', lease_host = 'elsewhere', lease_session = '', "
      "lease_expires_at_ms = 1 "
      "WHERE version = :version AND lease_token IS NOT NULL",
      {{"version", migration_.version.text()}});
}

void Player::cut() {
  if (!database_.capabilities().server_sessions) return;
  disturbed_ = true;
  db::Connection& own = application_.connection();
  if (database_.engine_name() == "postgres") {
    own.execute_text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid()");
    return;
  }
  const auto others =
      own.execute_text("SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()");
  for (const auto& row : others.rows) {
    try {
      own.execute_text("KILL " + db::as_text(row[0]));
    } catch (const Error&) {
      // It has ended by itself.
    }
  }
}

// As `weir worker` joins.
void Player::help(const ledger::Run& run) {
  Helper& helper = helpers_.emplace_back();
  helper.thread = std::thread([this, &helper, attempt = run.id.attempt] {
    const backfill::RunRequest request{.migration = migration_,
                                       .parameters = {},
                                       .actor = "helper",
                                       .workers = 2,
                                       .on_stop = backfill::OnStop::kRequeue,
                                       .joins = attempt};
    try {
      const auto outcome = backfill::Runner(database_, clock_, helper.stop, *this).run(request);
      say(fmt::format("a helper has ended, the run is {}", to_string(outcome.state)));
    } catch (const Error& error) {
      say(fmt::format("a helper ended with {}: {}", to_string(error.code()), error.message()));
    }
  });
}

void Player::end_helpers() {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (helpers_.empty()) return;
    Helper& helper = helpers_.front();
    helper.stop.request();
    lock.unlock();
    helper.thread.join();
    lock.lock();
    helpers_.pop_front();
  }
}

}  // namespace weir::test::promises
