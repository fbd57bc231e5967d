#include "backfill/execution.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/abandoned.hpp"
#include "backfill/batch_plan.hpp"
#include "backfill/carried_parameters.hpp"
#include "backfill/completeness.hpp"
#include "backfill/images.hpp"
#include "backfill/lookup.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"
#include "govern/batch_sizer.hpp"
#include "ledger/events.hpp"
#include "ledger/history.hpp"

namespace weir::backfill {
namespace {

using ledger::RunState;

constexpr Milliseconds kCountLimit{250};

// Along the transition table, from wherever the run was left.
void move_to_running(ledger::Ledger& ledger, const ledger::RunId& id, RunState state) {
  const auto to = [&](RunState next) {
    ledger::move_run(ledger, id, state, next);
    state = next;
  };
  if (state == RunState::kPausing) to(RunState::kPaused);
  if (state == RunState::kPaused || state == RunState::kFailed) to(RunState::kQueued);
  if (state == RunState::kQueued) to(RunState::kRunning);
}

// An error of the change itself, shown where the change stands. The engine's offset is one into a statement; with
// several statements it does not say into which.
Error located(const Error& error, const project::Migration& migration) {
  const bool of_the_change = error.code() == Code::kDataError || error.code() == Code::kConstraint ||
                             error.code() == Code::kDatabase || error.code() == Code::kUndefinedObject ||
                             error.code() == Code::kSqlSyntax;
  if (error.place() || !of_the_change) return error;
  const auto& statements = migration.batch_statements();
  const bool told = statements.size() == 1 && error.sql_offset();
  return Error(error).at(told ? migration.place_in(statements.front(), *error.sql_offset()) : migration.change_place());
}

// Part of the caller's transaction.
void write_failure(ledger::Ledger& ledger, const ledger::RunId& id, RunState from, const Error& error,
                   const std::string& actor) {
  const std::string why = fmt::format("{}: {}", to_string(error.code()), error.message());
  ledger::move_run(ledger, id, from, RunState::kFailed, why);
  ledger::record_event(ledger, actor, "run-failed", id.version, id.attempt, why);
}

void commit_failure(db::Transaction& transaction) {
  sync_point(SyncPoint::kFailureBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kFailureCommitted);
}

// As many rows as batches changed when somebody worked last, on this run or on the one before, if that is known to be
// more than where one begins.
std::int64_t first_batch_rows(ledger::Ledger& ledger, const ledger::RunId& id) {
  constexpr std::int64_t kEnough = 10;  // batches
  for (std::int64_t attempt = id.attempt; attempt > 0 && attempt > id.attempt - 2; --attempt) {
    std::int64_t rows = 0, batches = 0;
    for (const auto& slice : ledger::read_slices(ledger, {id.version, attempt})) {
      rows += slice.rows_done;
      batches += slice.batches;
    }
    if (batches >= kEnough) return std::max(rows / batches, govern::BatchSizer::kFirstRows);
  }
  return govern::BatchSizer::kFirstRows;
}

std::string run_label(const ledger::Run& run) { return fmt::format("{} #{}", run.name, run.id.attempt); }

}  // namespace

ledger::Run new_run(const Program& program, const ParameterValues& parameters, std::optional<std::int64_t> rows_total,
                    const std::string& actor) {
  const project::Migration& migration = *program.migration;
  ledger::Run run;
  run.id.version = migration.version;
  run.name = migration.name;
  run.checksum = migration.checksum;
  run.definition = migration.text;
  run.table = migration.data.over.text;
  run.key_columns = program.key;
  run.batch_rows = migration.data.batch_rows;
  run.parameters = encode_parameters(parameters);
  run.rows_total = rows_total;
  run.actor = actor;
  return run;
}

Execution::Execution(const db::Database& database, Clock& clock, const StopToken& stop, Observer& observer,
                     const RunRequest& request)
    : database_(database), clock_(clock), stop_(stop), observer_(observer), request_(request), started_(clock.now()) {}

RunOutcome Execution::execute() {
  for (;;) {
    try {
      return attempt();
    } catch (const Error& error) {
      if (!may_attempt_again(error)) {
        // What keeps this process from joining does not concern those who work.
        if (active_ && (at_work_ || !joined_)) fail(error);
        throw located(error, request_.migration);
      }
      observer_.on_note(fmt::format("{}: {}; trying again ({} of {})", to_string(error.code()), error.message(),
                                    backoff_.attempt() + 1, Backoff::kMaxAttempts));
      backoff_.wait(clock_, stop_);
    }
  }
}

RunOutcome Execution::attempt() {
  connect();
  refuse_while_undoing(*ledger_, request_.migration.version);
  if (!choose_run()) return outcome(RunState::kSucceeded);
  program_.images = open_images(*ledger_, program_, run_.id);
  refuse_scan_at_start();
  if (!activate()) return outcome(RunState::kSucceeded);
  return work();
}

// Whoever began the run has decided for those who join it, even before it has claimed a slice.
void Execution::refuse_scan_at_start() {
  if (request_.on_scan == OnScan::kAllow) return;
  const auto now = ledger::read_latest_run(*ledger_, run_.id.version);
  if (request_.joins) refuse_unless_open(now);
  const bool waits =
      now && now->id.attempt == run_.id.attempt &&
      (now->state == RunState::kQueued || now->state == RunState::kPaused || now->state == RunState::kFailed);
  if (!waits || count_batches(*ledger_, run_.id) > 0 || find_holder(*ledger_, run_.id)) return;
  try {
    refuse_scan(database_, *control_, program_);
  } catch (const Error& error) {
    if (error.code() != Code::kScansTable) throw;
    if (record_refusal(now->state, error)) throw;
  }
}

// From the queue to `failed` in one step: nobody can join it in between. False: somebody has begun it meanwhile.
bool Execution::record_refusal(RunState state, const Error& error) {
  db::Transaction transaction(*control_);
  try {
    move_to_running(*ledger_, run_.id, state);
    write_failure(*ledger_, run_.id, RunState::kRunning, error, request_.actor);
  } catch (const Error& moved) {
    if (moved.code() != Code::kIllegalTransition) throw;
    return false;
  }
  commit_failure(transaction);
  return true;
}

// A lost connection, also one around a COMMIT of the ledger: the next attempt finds out what happened. A server that
// was never reached is reported at once.
bool Execution::may_attempt_again(const Error& error) const {
  const bool lost = error.next() == Next::kReconnect || (error.code() == Code::kCannotConnect && error.is_transient());
  return connected_ && lost && !backoff_.exhausted();
}

// Only once: the run that was begun by the first attempt goes on in the next one.
bool Execution::restarts() const { return request_.start == Start::kRestart && run_.id.attempt == 0; }

void Execution::connect() {
  control_ = database_.connect(db::Purpose::kControl);
  connected_ = true;
  ledger_ = ledger::Ledger::open_or_create(database_, *control_);
}

ParameterValues Execution::choose_parameters(const std::optional<ledger::Run>& latest) {
  const bool fresh = restarts() || !latest || latest->state == RunState::kCancelled ||
                     (latest->state == RunState::kSucceeded && !is_recorded());
  if (fresh) return resolve_parameters(request_.migration, request_.parameters);
  // A run that was only queued has not used its parameters yet.
  if (request_.parameters_given && !latest->started_at)
    return resolve_parameters(request_.migration, request_.parameters);
  return carry_parameters(request_.migration, *latest, request_.parameters);
}

// Whether the history calls this migration complete; a rollback of what it requires takes that back.
bool Execution::is_recorded() { return ledger::read_entry(*ledger_, request_.migration.version).has_value(); }

// Over an empty table nothing is to be computed.
void Execution::refuse_uncomputable() {
  if (!can_compute(request_.migration, request_.row_program) && greatest_key(database_, *control_, program_))
    refuse_without_program(request_.migration, request_.row_program);
}

bool Execution::choose_run() {
  auto& ledger = *ledger_;
  const auto latest = ledger::read_latest_run(ledger, request_.migration.version);
  parameters_ = choose_parameters(latest);
  if (request_.joins) refuse_unless_open(latest);
  program_ = prepare_program(database_, *control_, request_.migration, parameters_);
  program_.row_program = request_.row_program;
  refuse_uncomputable();
  if (request_.joins) {
    run_ = *latest;
    return true;
  }
  if (latest && is_complete_already(*latest)) {
    run_ = *latest;
    return false;
  }
  if (latest && continues(*latest)) {
    run_ = *latest;
    return true;
  }
  const auto rows = estimate_rows(database_, *control_, program_, kCountLimit);
  db::Transaction transaction(*control_);
  hold_off_undo(ledger, request_.migration.version);  // one may have begun while rows were counted
  const auto created =
      ledger::create_run(ledger, new_run(program_, parameters_, rows, request_.actor), latest ? latest->id.attempt : 0);
  if (!created) {
    throw Error(Code::kRunHeld, "another process began this run in the same moment")
        .hint("`weir status` shows its progress");
  }
  sync_point(SyncPoint::kRunBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kRunCommitted);
  run_ = *created;
  return true;
}

// A worker takes what waits for one, and nothing else: not what an operator paused, cancelled or began anew meanwhile.
void Execution::refuse_unless_open(const std::optional<ledger::Run>& latest) const {
  const bool open = latest && latest->id.attempt == *request_.joins &&
                    (latest->state == RunState::kQueued || latest->state == RunState::kRunning) &&
                    latest->checksum == request_.migration.checksum;
  if (!open) throw Error(Code::kIllegalTransition, "the run does not wait for a worker any more");
}

bool Execution::is_complete_already(const ledger::Run& latest) {
  if (latest.state != RunState::kSucceeded || restarts() || !is_recorded()) return false;
  residual_ = measure_residual(database_, *control_, program_);
  if (residual_ > 0) {
    observer_.on_note(fmt::format("run {} had succeeded; {} rows match `where` again: a new run begins",
                                  run_label(latest), human_count(residual_)));
  }
  return residual_ == 0;
}

// Whether the unfinished run `latest` goes on. When it does not, it is cancelled here.
bool Execution::continues(const ledger::Run& latest) {
  if (ledger::is_final(latest.state)) return false;
  if (!latest.started_at && decode_parameters(latest.parameters) != parameters_) {
    cancel_old_run(latest, Batches::kNone, "started with other parameters than it was queued with");
    return false;
  }
  if (restarts()) {
    cancel_old_run(latest, Batches::kSome, "restarted by the operator");
    return false;
  }
  const bool same = latest.checksum == request_.migration.checksum && latest.key_columns == program_.key;
  if (same) return true;
  if (count_batches(*ledger_, latest.id) == 0) {
    cancel_old_run(latest, Batches::kNone, "the file changed before the first batch");
    return false;
  }
  // The cursor means nothing along another key, or in another table.
  const bool same_way = latest.key_columns == program_.key && latest.table == request_.migration.data.over.text;
  if (request_.on_change == OnChange::kContinue && same_way) return true;
  throw changed_since(request_.migration, latest)
      .hint(same_way ? "--continue goes on from the cursor with the new text; --restart begins a new run"
                     : "the table or the key that is walked changed too: begin a new run with --restart");
}

void Execution::cancel_old_run(const ledger::Run& latest, Batches batches, const std::string& why) {
  db::Transaction transaction(*control_);
  supersede_run(*ledger_, latest, batches, request_.actor, why);
  sync_point(SyncPoint::kRestartBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kRestartCommitted);
}

// Of several that begin the same run at once one moves it; the others find it running then.
bool Execution::activate() {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    try {
      return try_to_activate();
    } catch (const Error& error) {
      if (error.code() != Code::kIllegalTransition || attempt == kAttempts) throw;
    }
  }
}

bool Execution::try_to_activate() {
  const auto now = ledger::read_latest_run(*ledger_, run_.id.version);
  if (now && now->id.attempt == run_.id.attempt && now->state == RunState::kSucceeded) {
    run_ = *now;
    return false;
  }
  // By us, when the process that was asked to cancel it had died, or in this moment by somebody else.
  if (now && now->id.attempt == run_.id.attempt && now->state == RunState::kCancelled) {
    throw Error(Code::kIllegalTransition, "the run was being cancelled; it is cancelled now")
        .hint("start it again to begin a new run");
  }
  if (!now || now->id.attempt != run_.id.attempt || ledger::is_final(now->state)) {
    throw Error(Code::kIllegalTransition, "the run ended in this moment").hint("`weir status` shows its state");
  }
  if (request_.joins) refuse_unless_open(now);
  const RunState was = now->state;
  const bool others = find_holder(*ledger_, run_.id).has_value();
  const bool edited = now->checksum != request_.migration.checksum;
  if (others && (was != RunState::kRunning || edited)) refuse_held(*ledger_, run_.id);
  if (was == RunState::kCancelling) {
    settle({RunState::kCancelling, RunState::kCancelled}, "run-cancelled");
    return try_to_activate();
  }
  const bool taken_over = !active_ && !others && (was == RunState::kRunning || was == RunState::kPausing);
  const bool resumed = taken_over || others || run_.started_at.has_value();
  db::Transaction transaction(*control_);
  move_to_running(*ledger_, run_.id, was);
  if (edited) {
    ledger::record_definition(*ledger_, run_.id,
                              {request_.migration.checksum, request_.migration.text, request_.migration.data.batch_rows,
                               encode_parameters(parameters_)});
    ledger::record_event(*ledger_, request_.actor, "definition-changed", run_.id.version, run_.id.attempt,
                         "goes on from the cursor with the new text");
  }
  ledger::record_event(*ledger_, request_.actor,
                       others       ? "worker-joined"
                       : taken_over ? "run-taken-over"
                       : resumed    ? "run-resumed"
                                    : "run-started",
                       run_.id.version, run_.id.attempt, "");
  sync_point(SyncPoint::kStartBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kStartCommitted);
  joined_ = !active_ && was == RunState::kRunning;
  active_ = true;
  run_ = *now;
  run_.checksum = request_.migration.checksum;
  if (resumed) {
    observer_.on_note(fmt::format("run {} {} at {} rows", run_label(run_),
                                  others       ? "is helped by this process"
                                  : taken_over ? "lost its worker and goes on"
                                               : "goes on",
                                  human_count(now->rows_done)));
  }
  return true;
}

RunOutcome Execution::work() {
  const auto settings = ledger::read_settings(*ledger_, run_.id);
  if (!settings) throw Error(Code::kLedgerCorrupt, "the run is gone");
  if (!settings->batch_rows) program_.batch_rows = first_batch_rows(*ledger_, run_.id);
  if (request_.workers > 1 && settings->workers && *settings->workers != request_.workers)
    observer_.on_note(fmt::format("workers was tuned to {}, which counts: weir tune {} workers=none takes it back",
                                  *settings->workers, run_.name));
  Progress progress;
  progress.name = run_.name;
  progress.rows_total = run_.rows_total;
  progress.rows_done = run_.rows_done;
  progress.rows_here = rows_here_;
  progress.pass = run_.pass;
  RunBoard board(clock_, stop_, observer_, *settings, progress);
  const RunContext context{database_, *ledger_,       program_,         run_,    clock_,
                           stop_,     request_.actor, request_.workers, started_};
  at_work_ = true;
  std::optional<Ending> ending;
  try {
    ending = Crew(context, board).work();
  } catch (const Error&) {
    rows_here_ = board.progress().rows_here;
    throw;
  }
  rows_here_ = board.progress().rows_here;
  if (!ending) return leave();
  run_ = ledger::read_latest_run(*ledger_, run_.id.version).value_or(run_);
  residual_ = ending->residual;
  violations_ = ending->violations;
  return outcome(RunState::kSucceeded);
}

RunOutcome Execution::leave() {
  sync_point(SyncPoint::kWorkersLeft);
  const auto now = ledger::read_latest_run(*ledger_, run_.id.version);
  if (!now || now->id.attempt != run_.id.attempt)
    throw Error(Code::kIllegalTransition, "a newer run has taken the place of this one")
        .hint("`weir status` shows its state");
  run_ = *now;
  switch (run_.state) {
    case RunState::kRunning:
      // Resumed by somebody when it had been paused.
      if (!stop_.requested()) return attempt();
      // Asked to stop here. The others go on, if there are any.
      if (find_holder(*ledger_, run_.id)) return outcome(RunState::kRunning);
      if (request_.on_stop == OnStop::kRequeue) {
        settle({RunState::kRunning, RunState::kPausing, RunState::kPaused, RunState::kQueued}, "run-queued");
      } else {
        settle({RunState::kRunning, RunState::kPausing, RunState::kPaused}, "run-paused");
      }
      return leave();
    case RunState::kPausing:
      settle({RunState::kPausing, RunState::kPaused}, "run-paused");
      return outcome(RunState::kPaused);
    case RunState::kPaused:
    case RunState::kQueued: return outcome(RunState::kPaused);
    case RunState::kCancelling:
      settle({RunState::kCancelling, RunState::kCancelled}, "run-cancelled");
      return outcome(RunState::kCancelled);
    case RunState::kCancelled: return outcome(RunState::kCancelled);
    case RunState::kSucceeded:
      residual_ = run_.residual.value_or(0);
      if (request_.migration.first(project::SectionKind::kVerify) != nullptr) violations_ = 0;
      return outcome(RunState::kSucceeded);
    case RunState::kFailed:
      active_ = false;  // somebody else recorded it
      throw Error(Code::kRunFailed, fmt::format("a worker of another process failed: {}", run_.error))
          .hint("mend the cause, then start it again: it goes on where it stood");
  }
  throw Error(Code::kInternal, "a run in no state");
}

// The last worker to leave does it. False: somebody still works, or somebody else did it.
bool Execution::settle(const std::vector<RunState>& path, const std::string& event) {
  return settle_run(*ledger_, run_, path, event, request_.actor);
}

// Best effort: when the ledger cannot be written (disk full, server gone) the run stays `running` without a living
// worker, and the next `weir run` takes it over at once.
void Execution::fail(const Error& error) noexcept {
  for (bool last = false;; last = true) {
    try {
      return record_failure(error);
    } catch (const Error& second) {
      // That the connection was lost may be found out only now.
      if (!last && second.next() == Next::kReconnect) continue;
      return observer_.on_note(fmt::format("the failure could not be recorded: {}", second.message()));
    } catch (const std::exception& second) {
      return observer_.on_note(fmt::format("the failure could not be recorded: {}", second.what()));
    }
  }
}

void Execution::record_failure(const Error& error) {
  if (control_->broken()) control_ = database_.connect(db::Purpose::kControl);
  auto ledger = ledger_->over(*control_);
  if (control_->in_transaction()) control_->rollback();
  release_abandoned(ledger, run_.id);
  const auto now = ledger::read_latest_run(ledger, run_.id.version);
  const bool open = now && now->id.attempt == run_.id.attempt &&
                    (now->state == RunState::kRunning || now->state == RunState::kPausing);
  if (!open) return;
  // That this process cannot reach the database is no reason for others to stop.
  const bool of_this_process = error.code() == Code::kCannotConnect || error.code() == Code::kConnectionLost;
  if (of_this_process && find_holder(ledger, run_.id)) return;
  db::Transaction transaction(*control_);
  write_failure(ledger, run_.id, now->state, error, request_.actor);
  commit_failure(transaction);
}

RunOutcome Execution::outcome(RunState state) const {
  RunOutcome outcome;
  outcome.state = state;
  outcome.already_complete = !active_;
  outcome.attempt = run_.id.attempt;
  outcome.rows_done = run_.rows_done;
  outcome.rows_here = rows_here_;
  outcome.passes = run_.pass;
  outcome.residual = residual_;
  outcome.violations = violations_;
  outcome.elapsed = std::chrono::duration_cast<Milliseconds>(clock_.now() - started_);
  return outcome;
}

}  // namespace weir::backfill
