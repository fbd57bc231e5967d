#include "backfill/run_board.hpp"

#include <algorithm>

namespace weir::backfill {

ledger::RunSettings RunBoard::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void RunBoard::set_settings(const ledger::RunSettings& settings) {
  const std::lock_guard lock(mutex_);
  settings_ = settings;
  changed_.notify_all();
}

bool RunBoard::must_leave() const {
  if (stop_.requested()) return true;
  const std::lock_guard lock(mutex_);
  return failure_ || ended_ || settings_.state != ledger::RunState::kRunning;
}

void RunBoard::set_unwatched(bool unwatched) {
  const std::lock_guard lock(mutex_);
  unwatched_ = unwatched;
}

bool RunBoard::is_unwatched() const {
  const std::lock_guard lock(mutex_);
  return unwatched_;
}

void RunBoard::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
  changed_.notify_all();
}

std::optional<Error> RunBoard::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void RunBoard::set_ended() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void RunBoard::hold(const std::string& token) {
  const std::lock_guard lock(mutex_);
  held_.insert(token);
}

void RunBoard::drop(const std::string& token) {
  const std::lock_guard lock(mutex_);
  held_.erase(token);
}

std::set<std::string> RunBoard::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

void RunBoard::set_idle(int change) {
  const std::lock_guard lock(mutex_);
  idle_ += change;
}

bool RunBoard::somebody_idles() const {
  const std::lock_guard lock(mutex_);
  return idle_ > 0 || split_wanted_;
}

std::optional<double> RunBoard::rate_of_a_worker() const {
  const std::lock_guard lock(mutex_);
  if (!settings_.max_rate) return std::nullopt;
  const int workers = std::max({leased_, static_cast<int>(held_.size()), 1});
  return static_cast<double>(*settings_.max_rate) / workers;
}

void RunBoard::set_proved() {
  const std::lock_guard lock(mutex_);
  proved_ = true;
}

bool RunBoard::proved() const {
  const std::lock_guard lock(mutex_);
  return proved_;
}

void RunBoard::begin_pass(std::int64_t pass) {
  const std::lock_guard lock(mutex_);
  progress_.pass = pass;
}

void RunBoard::add_rows(std::int64_t rows) {
  const std::lock_guard observing(observing_);
  observer_.on_progress(count_rows(rows));
}

Progress RunBoard::count_rows(std::int64_t rows) {
  const std::lock_guard lock(mutex_);
  progress_.rows_done += rows;
  progress_.rows_here += rows;
  progress_.elapsed = std::chrono::duration_cast<Milliseconds>(clock_.now() - started_);
  return progress_;
}

// Rows of other processes too; never goes back.
void RunBoard::see(std::int64_t rows_done, int leased, bool split_wanted) {
  const std::lock_guard lock(mutex_);
  progress_.rows_done = std::max(progress_.rows_done, rows_done);
  leased_ = leased;
  split_wanted_ = split_wanted;
}

void RunBoard::set_workers(int workers) {
  const std::lock_guard lock(mutex_);
  progress_.workers = workers;
}

Progress RunBoard::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void RunBoard::note(const std::string& text) {
  const std::lock_guard observing(observing_);
  observer_.on_note(text);
}

RunBoard::Passes RunBoard::passes() const {
  const std::lock_guard lock(mutex_);
  return passes_;
}

void RunBoard::end_pass(std::int64_t pass, std::int64_t residual) {
  const std::lock_guard lock(mutex_);
  if (passes_.last != pass) ++passes_.ended;
  passes_.last = pass;
  passes_.residual = residual;
}

void RunBoard::wait(Milliseconds duration) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, duration);
}

void RunBoard::wake() {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace weir::backfill
