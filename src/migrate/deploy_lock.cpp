#include "migrate/deploy_lock.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace weir::migrate {

std::string describe(const db::LockHolder& holder, EpochMs now) {
  if (holder.since == 0) return holder.description;
  return fmt::format("{}, since {}", holder.description,
                     human_duration(Milliseconds(std::max<EpochMs>(0, now - holder.since))));
}

std::unique_ptr<db::DeployLock> wait_for_deploy_lock(const db::Database& database, Clock& clock, const StopToken& stop,
                                                     Milliseconds wait, const std::string& actor,
                                                     const std::function<void(const std::string&)>& on_wait) {
  constexpr Milliseconds kPoll{100};
  const auto deadline = clock.now() + wait;
  bool told = false;
  for (;;) {
    auto attempt = database.try_deploy_lock(actor);
    if (attempt.lock) return std::move(attempt.lock);
    const std::string holder = attempt.holder ? describe(*attempt.holder, clock.wall()) : "another process";
    if (stop.requested())
      throw Error(Code::kInterrupted, "stopped while waiting for the deploy lock; nothing was changed");
    if (clock.now() >= deadline) {
      throw Error(Code::kDeployLockHeld, fmt::format("the deploy lock is held by {}", holder))
          .hint("wait for it to end, or give more time with --lock-wait 10m");
    }
    if (!told) on_wait(holder);
    told = true;
    clock.sleep(kPoll);
  }
}

}  // namespace weir::migrate
