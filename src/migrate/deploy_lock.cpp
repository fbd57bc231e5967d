#include "migrate/deploy_lock.hpp"

#include <fmt/format.h>

#include "adopt/lock.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"

namespace weir::migrate {

std::string describe(const db::LockHolder& holder, EpochMs now) {
  if (holder.since == 0) return holder.description;
  return fmt::format("{}, since {}", holder.description,
                     human_duration(Milliseconds(std::max<EpochMs>(0, now - holder.since))));
}

namespace {

struct Waiting {
  Clock& clock;
  const StopToken& stop;
  Milliseconds wait;
  const std::function<void(const std::string&)>& on_wait;
};

// `name` is the lock as people know it: "the deploy lock".
std::unique_ptr<db::DeployLock> wait_for(const Waiting& waiting, const std::string& name,
                                         const std::function<db::LockAttempt()>& attempt_once) {
  constexpr Milliseconds kPoll{100};
  const auto deadline = waiting.clock.now() + waiting.wait;
  bool told = false;
  for (;;) {
    auto attempt = attempt_once();
    if (attempt.lock) return std::move(attempt.lock);
    const std::string holder = attempt.holder ? describe(*attempt.holder, waiting.clock.wall()) : "another process";
    if (waiting.stop.requested())
      throw Error(Code::kInterrupted, fmt::format("stopped while waiting for {}; nothing was changed", name));
    if (waiting.clock.now() >= deadline) {
      throw Error(Code::kDeployLockHeld, fmt::format("{} is held by {}", name, holder))
          .hint("wait for it to end, or give more time with --lock-wait 10m");
    }
    if (!told) waiting.on_wait(holder);
    told = true;
    waiting.clock.sleep(kPoll);
  }
}

}  // namespace

std::unique_ptr<db::DeployLock> wait_for_deploy_lock(const db::Database& database, Clock& clock, const StopToken& stop,
                                                     Milliseconds wait, const std::string& actor,
                                                     const std::function<void(const std::string&)>& on_wait) {
  return wait_for({clock, stop, wait, on_wait}, "the deploy lock", [&] { return database.try_deploy_lock(actor); });
}

std::unique_ptr<db::DeployLock> wait_for_former_lock(const db::Database& database, db::Connection& connection,
                                                     std::optional<adopt::Tool> tool, Clock& clock,
                                                     const StopToken& stop, Milliseconds wait, const std::string& actor,
                                                     const std::function<void(const std::string&)>& on_wait) {
  const auto table = tool ? connection.find_table(adopt::history_table(*tool)) : std::nullopt;
  const auto lock = table ? adopt::lock_of(*tool, *table, database.dialect()) : std::nullopt;
  if (!lock) return nullptr;
  return wait_for({clock, stop, wait, on_wait}, fmt::format("the lock of {}", adopt::to_string(*tool)),
                  [&] { return database.try_foreign_lock(*lock, actor); });
}

DeployLocks take_deploy_locks(const db::Database& database, db::Connection& connection, std::optional<adopt::Tool> tool,
                              Clock& clock, const StopToken& stop, Milliseconds wait, const std::string& actor,
                              const std::function<void(const std::string&)>& on_note) {
  sync_point(SyncPoint::kDeployLockSought);
  DeployLocks locks;
  locks.deploy = wait_for_deploy_lock(database, clock, stop, wait, actor, [&](const std::string& holder) {
    on_note("waiting for the deploy lock, held by " + holder);
  });
  locks.former = wait_for_former_lock(
      database, connection, tool, clock, stop, wait, actor,
      [&](const std::string& holder) { on_note("waiting for the former tool's lock, held by " + holder); });
  sync_point(SyncPoint::kDeployLocked);
  return locks;
}

}  // namespace weir::migrate
