#include "migrate/statement_watch.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace weir::migrate {
namespace {

constexpr Milliseconds kTick{100};
constexpr Milliseconds kPatience{300};  // most statements are over by then, and nobody has to be asked

}  // namespace

StatementWatch::StatementWatch(const db::Database& database, db::Connection& watched, const StopToken& stop,
                               DeployObserver& observer)
    : database_(database),
      watched_(watched),
      stop_(stop),
      observer_(observer),
      session_(database.capabilities().server_sessions ? watched.session_id() : ""),
      thread_([this] { watch(); }) {}

StatementWatch::~StatementWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void StatementWatch::begin(std::string what, Milliseconds lock_timeout) {
  {
    const std::lock_guard lock(mutex_);
    what_ = std::move(what);
    running_ = true;
    ++number_;
    begun_ = SteadyClock::now();
    patience_ = lock_timeout.count() == 0 ? kPatience : std::min(kPatience, lock_timeout / 3);
    blockers_.clear();
  }
}

void StatementWatch::end() {
  std::unique_lock lock(mutex_);
  running_ = false;
  if (!told_) return;
  changed_.notify_all();
  changed_.wait(lock, [&] { return !told_; });
}

std::vector<db::SessionInfo> StatementWatch::blockers() const {
  const std::lock_guard lock(mutex_);
  return blockers_;
}

// Under the mutex.
void StatementWatch::tell_over() {
  if (!std::exchange(told_, false)) return;
  observer_.on_lock_wait_over();
  changed_.notify_all();
}

void StatementWatch::watch() {
  std::unique_lock lock(mutex_);
  std::uint64_t number = 0;
  // It wakes by the clock: to be woken for each statement would cost short ones more than they take.
  while (!ending_) {
    changed_.wait_for(lock, kTick, [&] { return ending_ || (told_ && !running_); });
    if (!running_ || number != number_) tell_over();
    if (ending_ || !running_) continue;
    number = number_;
    // Under the mutex: end() waits until the request is on its way, so that it does not meet a later statement.
    if (stop_.requested()) watched_.cancel();
    const auto waited = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - begun_);
    if (session_.empty() || waited < patience_) continue;
    const std::string what = what_;
    lock.unlock();
    std::vector<db::SessionInfo> found;
    try {
      if (!looker_ || looker_->broken()) looker_ = database_.connect(db::Purpose::kRead);
      found = looker_->blockers_of(session_);
    } catch (const std::exception&) {
      looker_.reset();  // who blocks stays unknown; the statement itself tells what goes wrong
    }
    lock.lock();
    if (found.empty() || !running_ || number != number_) continue;
    // Under the mutex: end() waits, so that nothing is told of a statement that is over.
    observer_.on_lock_wait({what, found, waited});
    told_ = true;
    blockers_ = std::move(found);
  }
  tell_over();
}

}  // namespace weir::migrate
