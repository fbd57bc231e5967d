#include "api/bridge.hpp"

#include "api/values.hpp"

namespace weir::api {

Bridge::Bridge(weir::Observer* observer, const std::stop_token& stop)
    : observer_(observer), callback_(stop, [this] { stop_.request(); }) {}

void Bridge::rethrow() {
  const std::lock_guard lock(mutex_);
  if (thrown_) std::rethrow_exception(thrown_);
}

// The layers below must not see what the observer throws: the batch that it was told of is committed.
template <typename Tell>
void Bridge::tell(const Tell& how) {
  if (observer_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    if (thrown_) return;
  }
  try {
    how(*observer_);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!thrown_) thrown_ = std::current_exception();
    stop_.request();
  }
}

void Bridge::on_progress(const Progress& progress) {
  tell([&](weir::Observer& observer) { observer.on_progress(progress); });
}
void Bridge::on_note(const std::string& text) {
  tell([&](weir::Observer& observer) { observer.on_note(text); });
}
void Bridge::on_ended(const project::Migration& migration, const RunOutcome& outcome) {
  if (on_success && outcome.state == RunState::kSucceeded) on_success();
  tell([&](weir::Observer& observer) { observer.on_run_ended(migration.name, outcome); });
}
void Bridge::on_left(const ledger::Run& run) { on_note(backfill::left_to_others(run)); }
void Bridge::on_failed(const ledger::Run* run, const Error& error) {
  tell([&](weir::Observer& observer) { observer.on_run_failed(run != nullptr ? run->name : "", error); });
}
void Bridge::on_result(const migrate::StepResult& result) {
  tell([&](weir::Observer& observer) { observer.on_step(to_public(result)); });
}
void Bridge::on_rolled_back(const migrate::RolledBack& one) {
  tell([&](weir::Observer& observer) { observer.on_rolled_back(to_public(one)); });
}
void Bridge::on_lock_wait(const LockWait& wait) {
  tell([&](weir::Observer& observer) { observer.on_lock_wait(wait); });
}
void Bridge::on_lock_wait_over() {
  tell([&](weir::Observer& observer) { observer.on_lock_wait_over(); });
}

}  // namespace weir::api
