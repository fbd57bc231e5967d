#include "report/watch.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "backfill/lease.hpp"
#include "base/text.hpp"

namespace weir::report {
namespace {

constexpr int kBarWidth = 20;

bool is_over(const ledger::Run& run) { return ledger::is_final(run.state); }

// Rows a second since the earlier look; nothing when that tells nothing.
std::optional<double> present_rate(const WatchedRun& run, const Watched& watched, const Watched* before) {
  if (before == nullptr || watched.now <= before->now) return std::nullopt;
  const auto& id = run.status.run.id;
  for (const auto& earlier : before->runs) {
    const auto& other = earlier.status.run;
    if (other.id.version != id.version || other.id.attempt != id.attempt) continue;
    return static_cast<double>(run.status.run.rows_done - other.rows_done) * 1000.0 /
           static_cast<double>(watched.now - before->now);
  }
  return std::nullopt;
}

std::string bar(int percent) {
  const int full = percent * kBarWidth / 100;
  std::string text;
  for (int i = 0; i < kBarWidth; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string run_line(const WatchedRun& watched, std::size_t width, std::optional<double> rate, Colour colour) {
  const ledger::Run& run = watched.status.run;
  std::string line = fmt::format("{:<{}}  {}", run.name, width, state_text(run.state, colour));
  if (const auto percent = watched.status.percent()) line += fmt::format("  {} {:>3} %", bar(*percent), *percent);
  line += fmt::format("  {}", human_count(run.rows_done));
  if (run.rows_total) line += fmt::format(" of {}", human_count(*run.rows_total));
  line += " rows";
  if (run.state == ledger::RunState::kRunning) {
    if (!rate) rate = watched.status.rate;
    if (rate) line += fmt::format("  {} rows/s", human_count(std::llround(*rate)));
    if (rate && *rate > 0 && run.rows_total && *run.rows_total > run.rows_done) {
      const double left = static_cast<double>(*run.rows_total - run.rows_done) / *rate;
      line += fmt::format("  {} left", human_duration(Milliseconds(std::llround(left * 1000))));
    }
  }
  if (run.pass > 1) line += fmt::format("  pass {}", run.pass);
  if (watched.status.quarantined > 0)
    line += fmt::format("  {} in quarantine", human_count(watched.status.quarantined));
  return line + "\n";
}

std::string settings_line(const WatchedRun& watched) {
  const ledger::Run& run = watched.status.run;
  std::string line = fmt::format("  batch {}, slices {} of {} done", batch_text(watched.status),
                                 watched.status.slices_done, watched.status.slices);
  if (run.workers) line += fmt::format(", workers {}", *run.workers);
  if (run.max_rate) line += fmt::format(", at most {} rows/s", human_count(*run.max_rate));
  return line + "\n";
}

}  // namespace

Watched watch(ledger::Ledger& ledger) {
  std::map<std::string, ledger::Run> latest;
  for (auto& run : ledger::read_runs(ledger)) latest.insert_or_assign(run.id.version.key(), std::move(run));
  Watched watched;
  for (const auto& [version, run] : latest) {
    WatchedRun one;
    one.status = read_run_status(ledger, run);
    for (const auto& slice : ledger::read_slices(ledger, run.id)) {
      watched.now = slice.now;
      if (!slice.lease) continue;
      one.slices.push_back({fmt::format("pid {} on {}", slice.lease->process.pid, slice.lease->process.hostname),
                            slice.ordinal, slice.rows_done, slice.batches,
                            Milliseconds(std::max<EpochMs>(0, slice.now - slice.updated_at)),
                            backfill::is_held(ledger.connection(), slice, {})});
    }
    watched.runs.push_back(std::move(one));
  }
  std::stable_partition(watched.runs.begin(), watched.runs.end(),
                        [](const WatchedRun& run) { return !is_over(run.status.run); });
  return watched;
}

std::string to_text(const Watched& watched, const Watched* before, Colour colour) {
  if (watched.runs.empty()) return "no data migration has been run yet\n";
  std::size_t width = 0;
  for (const auto& run : watched.runs) width = std::max(width, run.status.run.name.size());
  std::string text;
  for (const auto& run : watched.runs) {
    text += run_line(run, width, present_rate(run, watched, before), colour);
    if (is_over(run.status.run)) continue;
    if (!run.status.run.error.empty()) text += fmt::format("  {}\n", run.status.run.error);
    text += settings_line(run);
    for (const auto& slice : run.slices) {
      const std::string what = slice.ordinal == ledger::kRunItself
                                   ? "measures or plans"
                                   : fmt::format("slice {}, {} rows in {} batches", slice.ordinal,
                                                 human_count(slice.rows_done), human_count(slice.batches));
      text += fmt::format("  {:<24} {}, wrote {} ago{}\n", slice.worker, what, human_duration(slice.since_batch),
                          slice.lives ? "" : "  (died)");
    }
    if (run.slices.empty() && ledger::is_active(run.status.run.state))
      text += fmt::format("  nobody works on it: weir run {}\n", run.status.run.name);
  }
  return text;
}

}  // namespace weir::report
