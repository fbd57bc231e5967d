// Who is told what a deploy does while it does it.
#pragma once

#include <string>
#include <weir/observer.hpp>

#include "db/session.hpp"

namespace weir::migrate {

struct StepResult;
struct RolledBack;

using weir::LockWait;

class DeployObserver {
 public:
  virtual ~DeployObserver() = default;
  virtual void on_result(const StepResult& result) { (void)result; }
  virtual void on_rolled_back(const RolledBack& one) { (void)one; }
  virtual void on_note(const std::string& text) { (void)text; }
  // Several times a second while it lasts, from another thread than the others.
  virtual void on_lock_wait(const LockWait& wait) { (void)wait; }
  // It is over: granted, timed out or cancelled. Only after on_lock_wait(), from its thread.
  virtual void on_lock_wait_over() {}
};

// "pid 4711 (psql, user app), idle in transaction for 12 min 3 s, holds AccessShareLock on users: SELECT ? FROM users"
std::string describe(const db::SessionInfo& session);

}  // namespace weir::migrate
