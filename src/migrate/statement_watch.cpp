#include "migrate/statement_watch.hpp"

#include <utility>

#include "base/error.hpp"

namespace weir::migrate {
namespace {

using SteadyClock = std::chrono::steady_clock;

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

void StatementWatch::begin(std::string what) {
  {
    const std::lock_guard lock(mutex_);
    what_ = std::move(what);
    running_ = true;
    ++number_;
    blockers_.clear();
  }
  changed_.notify_all();
}

void StatementWatch::end() {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  changed_.notify_all();
}

std::vector<db::SessionInfo> StatementWatch::blockers() const {
  const std::lock_guard lock(mutex_);
  return blockers_;
}

void StatementWatch::watch() {
  std::unique_lock lock(mutex_);
  std::uint64_t number = 0;
  SteadyClock::time_point begun;
  bool told = false;
  while (!ending_) {
    if (!running_ || number != number_) {
      if (std::exchange(told, false)) observer_.on_lock_wait_over();
      changed_.wait(lock, [&] { return ending_ || running_; });
      number = number_;
      begun = SteadyClock::now();
      continue;
    }
    const bool over = changed_.wait_for(lock, kTick, [&] { return ending_ || !running_ || number != number_; });
    if (over) continue;
    // Under the mutex: end() waits until the request is on its way, so that it does not meet a later statement.
    if (stop_.requested()) watched_.cancel();
    const auto waited = std::chrono::duration_cast<Milliseconds>(SteadyClock::now() - begun);
    if (session_.empty() || waited < kPatience) continue;
    const std::string what = what_;
    lock.unlock();
    std::vector<db::SessionInfo> found;
    try {
      if (!looker_ || looker_->broken()) looker_ = database_.connect(db::Purpose::kRead);
      found = looker_->blockers_of(session_);
    } catch (const Error&) {
      looker_.reset();  // who blocks stays unknown; the statement itself tells what goes wrong
    }
    if (!found.empty()) {
      observer_.on_lock_wait({what, found, waited});
      told = true;
    }
    lock.lock();
    if (!found.empty() && number == number_) blockers_ = std::move(found);
  }
  if (told) observer_.on_lock_wait_over();
}

}  // namespace weir::migrate
