// What a deploy or a rollback says while it works: notes on stderr, and a live line while a statement waits for a lock.
#pragma once

#include <cstdio>

#include "cli/terminal.hpp"
#include "migrate/observer.hpp"

namespace weir::cli {

class DeployView : public migrate::DeployObserver {
 public:
  void on_note(const std::string& text) override { std::fputs((text + "\n").c_str(), stderr); }
  void on_lock_wait(const migrate::LockWait& wait) override { waiting_.show(wait); }
  void on_lock_wait_over() override { waiting_.clear(); }

 private:
  LockWaitView waiting_;
};

}  // namespace weir::cli
