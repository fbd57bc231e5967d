// Waits politely for the one deployer's lock: polls, holds no transaction meanwhile, and says who has it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adopt/tool.hpp"
#include "base/clock.hpp"
#include "base/stop.hpp"
#include "db/database.hpp"

namespace weir::migrate {

// `on_wait` is told once who holds the lock. Errors: kDeployLockHeld after `wait`; kInterrupted.
std::unique_ptr<db::DeployLock> wait_for_deploy_lock(const db::Database& database, Clock& clock, const StopToken& stop,
                                                     Milliseconds wait, const std::string& actor,
                                                     const std::function<void(const std::string&)>& on_wait);

// The lock of the tool whose project weir adopted, so that both keep out of each other's way; empty when the tool has
// none or its history table is not there. To be taken behind weir's own. Errors: the same.
std::unique_ptr<db::DeployLock> wait_for_former_lock(const db::Database& database, db::Connection& connection,
                                                     std::optional<adopt::Tool> tool, Clock& clock,
                                                     const StopToken& stop, Milliseconds wait, const std::string& actor,
                                                     const std::function<void(const std::string&)>& on_wait);

struct DeployLocks {
  std::unique_ptr<db::DeployLock> deploy;
  std::unique_ptr<db::DeployLock> former;  // may be empty
};
// Both, in this order; `on_note` is told whom it waits for. Errors: the same.
DeployLocks take_deploy_locks(const db::Database& database, db::Connection& connection, std::optional<adopt::Tool> tool,
                              Clock& clock, const StopToken& stop, Milliseconds wait, const std::string& actor,
                              const std::function<void(const std::string&)>& on_note);

// "pid 4711 on web-1 (deploy@web-1), since 12.3 s"
std::string describe(const db::LockHolder& holder, EpochMs now);

}  // namespace weir::migrate
