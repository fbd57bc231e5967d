#include "backfill/crew.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <system_error>

#include "backfill/pulse.hpp"
#include "base/error.hpp"

namespace weir::backfill {

std::optional<Ending> Crew::work() {
  if (context_.workers > 1 && !context_.database.capabilities().several_writers)
    board_.note("this database has one writer: one worker does the work");
  {
    fill_up();
    const Pulse pulse(context_.database, context_.ledger, context_.run.id, board_, [this] { fill_up(); });
    act(0);
    close();
    for (auto& member : members_) member.thread.join();
  }
  if (const auto failure = board_.failure(); failure && !ending_) throw *failure;
  return ending_;
}

void Crew::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Crew::fill_up() {
  const std::lock_guard lock(mutex_);
  if (closed_ || board_.must_leave()) return;
  members_.remove_if([](Member& member) {
    if (member.ended) member.thread.join();
    return member.ended;
  });
  const int wanted = wanted_workers(context_, board_);
  for (int number = 1; number < wanted; ++number) {
    const bool there =
        std::any_of(members_.begin(), members_.end(), [&](const Member& member) { return member.number == number; });
    if (there) continue;
    Member& member = members_.emplace_back(Member{number, false, {}});
    try {
      member.thread = std::thread([this, &member] {
        const bool retired = act(member.number);
        const std::lock_guard guard(mutex_);
        member.ended = retired;
      });
    } catch (const std::system_error& error) {
      members_.pop_back();
      board_.note(fmt::format("no thread for worker {}: {}", number + 1, error.what()));
      break;
    }
  }
  board_.set_workers(wanted);
}

// False when it is better not tried again.
bool Crew::act(int number) {
  Worker worker(context_, board_, number);
  try {
    worker.connect();
  } catch (const Error& error) {
    // The first one can do it alone.
    if (number == 0) {
      board_.fail(error);
    } else {
      board_.note(fmt::format("worker {} cannot connect: {}", number + 1, error.message()));
    }
    return false;
  } catch (const std::exception& error) {
    board_.fail(Error(Code::kInternal, error.what()));
    return false;
  }
  try {
    if (auto ending = worker.work()) {
      const std::lock_guard lock(mutex_);
      ending_ = *ending;
      board_.set_ended();
    }
    return true;
  } catch (const Error& error) {
    board_.fail(error);
  } catch (const std::exception& error) {
    board_.fail(Error(Code::kInternal, error.what()));
  }
  return false;
}

}  // namespace weir::backfill
