#include "backfill/control.hpp"

#include <fmt/format.h>

#include "backfill/carried_parameters.hpp"
#include "backfill/enqueue.hpp"
#include "backfill/images.hpp"
#include "backfill/run_end.hpp"
#include "backfill/runner.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"

namespace weir::backfill {
namespace {

using ledger::RunState;

constexpr std::int64_t kMostBatchRows = 1'000'000;
constexpr std::int64_t kMostRate = 1'000'000'000;

ledger::Run read_again(ledger::Ledger& ledger, const ledger::Run& run) {
  auto now = ledger::read_latest_run(ledger, run.id.version);
  if (!now || now->id.attempt != run.id.attempt)
    throw Error(Code::kIllegalTransition, "a newer run has begun in this moment").hint("`weir status` shows it");
  return *std::move(now);
}

void move(ledger::Ledger& ledger, const ledger::Run& run, RunState to, const std::string& event,
          const std::string& actor) {
  db::Transaction transaction(ledger.connection());
  ledger::move_run(ledger, run.id, run.state, to);
  if (ledger::is_final(to)) ledger::revoke_leases(ledger, run.id);
  ledger::record_event(ledger, actor, event, run.id.version, run.id.attempt,
                       fmt::format("{} rows done", run.rows_done));
  sync_point(SyncPoint::kRequestBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kRequestCommitted);
}

[[noreturn]] void refuse(const ledger::Run& run, std::string_view what, const std::string& hint) {
  throw Error(Code::kIllegalTransition, fmt::format("{} is {}: it cannot be {}", run.name, to_string(run.state), what))
      .hint(hint);
}

// A worker takes the text that the ledger holds.
Error definition_changed(const project::Migration& migration, const ledger::Run& run) {
  return changed_since(migration, run)
      .hint(fmt::format("weir run {} --continue goes on from the cursor with the new text, --restart begins a new run",
                        run.name));
}

// From `through`, in which the workers leave, to `to`.
ledger::Run wait_until_settled(ledger::Ledger& ledger, ledger::Run run, RunState through, RunState to,
                               const std::string& event, const std::string& actor, const Wait& wait) {
  constexpr Milliseconds kLook{50};
  const auto until = wait.clock.now() + wait.most;
  for (;;) {
    run = read_again(ledger, run);
    if (run.state != through) return run;
    if (settle_run(ledger, run, {through, to}, event, actor)) return read_again(ledger, run);
    if (wait.stop.requested() || wait.clock.now() >= until) return run;
    wait.clock.sleep(kLook);
  }
}

}  // namespace

ledger::Run find_run(ledger::Ledger& ledger, const std::string& name) {
  std::optional<ledger::Run> found;
  std::vector<std::string> names;
  for (auto& run : ledger::read_runs(ledger)) {
    names.push_back(run.name);
    if (run.name == name || run.id.version.text() == name) found = std::move(run);  // the newest attempt comes last
  }
  if (found) return *std::move(found);
  const auto near = nearest(name, names);
  throw Error(Code::kNotFound, fmt::format("there is no run of a data migration '{}'", name))
      .hint(near ? fmt::format("did you mean '{}'?", *near) : "`weir status` shows the runs");
}

ledger::Run pause_run(ledger::Ledger& ledger, const ledger::Run& run, const std::string& actor, const Wait& wait) {
  switch (run.state) {
    case RunState::kQueued: move(ledger, run, RunState::kPaused, "run-paused", actor); return read_again(ledger, run);
    case RunState::kRunning: move(ledger, run, RunState::kPausing, "pause-requested", actor); break;
    case RunState::kPausing: break;
    case RunState::kPaused: return run;
    case RunState::kSucceeded:
    case RunState::kFailed:
    case RunState::kCancelling:
    case RunState::kCancelled: refuse(run, "paused", "only a run that is queued or works can be paused");
  }
  return wait_until_settled(ledger, run, RunState::kPausing, RunState::kPaused, "run-paused", actor, wait);
}

ledger::Run cancel_run(ledger::Ledger& ledger, const ledger::Run& run, const std::string& actor, const Wait& wait) {
  switch (run.state) {
    case RunState::kQueued:
    case RunState::kPaused:
    case RunState::kFailed:
      move(ledger, run, RunState::kCancelled, "run-cancelled", actor);
      return read_again(ledger, run);
    case RunState::kRunning:
    case RunState::kPausing: move(ledger, run, RunState::kCancelling, "cancel-requested", actor); break;
    case RunState::kCancelling: break;
    case RunState::kCancelled: return run;
    case RunState::kSucceeded: refuse(run, "cancelled", "what it changed stays changed");
  }
  return wait_until_settled(ledger, run, RunState::kCancelling, RunState::kCancelled, "run-cancelled", actor, wait);
}

ledger::Run resume_run(ledger::Ledger& ledger, const ledger::Run& run, const std::string& actor) {
  switch (run.state) {
    case RunState::kPaused:
    case RunState::kFailed: move(ledger, run, RunState::kQueued, "run-queued", actor); break;
    case RunState::kQueued:
    case RunState::kRunning: return run;
    case RunState::kPausing: refuse(run, "resumed", "wait until its workers have left: `weir pause` waits for them");
    case RunState::kSucceeded:
    case RunState::kCancelling:
    case RunState::kCancelled: refuse(run, "resumed", fmt::format("begin a new run: weir run {}", run.name));
  }
  return read_again(ledger, run);
}

ledger::Run tune_run(ledger::Ledger& ledger, const ledger::Run& run, const ledger::Tuning& tuning,
                     const std::string& actor) {
  check_tuning(tuning);
  if (ledger::is_final(run.state)) refuse(run, "tuned", "only a run that is not over can be tuned");
  std::string what;
  const auto add = [&](std::string_view name, const std::optional<std::int64_t>& value) {
    if (value) what += fmt::format("{}{}={}", what.empty() ? "" : " ", name, *value);
  };
  if (tuning.batch_rows == ledger::Tuning::kFollowsTime)
    what = "batch=auto";
  else
    add("batch", tuning.batch_rows);
  add("workers", tuning.workers);
  add("max_rate", tuning.max_rate);
  db::Transaction transaction(ledger.connection());
  ledger::tune_run(ledger, run.id, tuning);
  ledger::record_event(ledger, actor, "run-tuned", run.id.version, run.id.attempt, what);
  transaction.commit();
  return read_again(ledger, run);
}

void check_tuning(const ledger::Tuning& tuning) {
  const auto check = [](std::string_view name, const std::optional<std::int64_t>& value, std::int64_t least,
                        std::int64_t most) {
    if (!value || (*value >= least && *value <= most)) return;
    throw Error(Code::kUsage, fmt::format("{} is a number from {} to {}", name, least, most));
  };
  if (tuning.batch_rows != ledger::Tuning::kFollowsTime) check("batch", tuning.batch_rows, 1, kMostBatchRows);
  check("workers", tuning.workers, 0, kMostWorkers);
  check("max_rate", tuning.max_rate, 0, kMostRate);
}

void check_workers(int workers) {
  if (workers < 1 || workers > kMostWorkers)
    throw Error(Code::kUsage, fmt::format("workers is a number from 1 to {}", kMostWorkers));
}

ledger::Run queue_run(const db::Database& database, ledger::Ledger& ledger, const QueueRequest& request) {
  const project::Migration& migration = request.migration;
  if (request.workers) check_workers(*request.workers);
  refuse_while_undoing(ledger, migration.version);
  auto run = ledger::read_latest_run(ledger, migration.version);
  if (run && is_complete(database, ledger, migration, *run)) {
    // Once more would change every row once more.
  } else if (!run || ledger::is_final(run->state)) {
    enqueue(database, ledger, migration, request.parameters, run ? run->id.attempt : 0, request.actor);
    run = ledger::read_latest_run(ledger, migration.version);
  } else if (run->checksum != migration.checksum) {
    if (!replace_unbegun(database, ledger, migration, *run, request.parameters, request.actor))
      throw definition_changed(migration, *run);
    run = ledger::read_latest_run(ledger, migration.version);
  } else {
    if (!request.parameters.empty())
      throw Error(Code::kUsage, "a run that waits already keeps its parameters").hint("leave them out");
    run = resume_run(ledger, *run, request.actor);
  }
  if (request.workers && !ledger::is_final(run.value().state))
    run = tune_run(ledger, run.value(), {{}, request.workers, {}}, request.actor);
  return run.value();
}

}  // namespace weir::backfill
