#include "backfill/execution.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/completeness.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"
#include "ledger/history.hpp"

namespace weir::backfill {
namespace {

using ledger::RunState;

constexpr std::int64_t kMaxPasses = 5;
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
  const auto& statements = migration.first(project::SectionKind::kBatch)->statements;
  const std::size_t offset = statements.size() == 1 ? error.sql_offset().value_or(0) : 0;
  return Error(error).at(migration.place_in(statements.front(), offset));
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
  run.batch_rows = program.batch_rows;
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
        // Who lost the lease must not touch the run any more: it belongs to another worker.
        if (holding_ && error.code() != Code::kLeaseLost) fail(error);
        throw located(error, request_.migration);
      }
      observer_.on_note(fmt::format("{}: {}; trying again ({} of {})", to_string(error.code()), error.message(),
                                    backoff_.attempt() + 1, Backoff::kMaxAttempts));
      backoff_.wait(clock_, stop_);
    }
  }
}

RunOutcome Execution::attempt() {
  holding_ = false;
  connect();
  if (!choose_run()) return outcome(RunState::kSucceeded);
  if (!activate()) return outcome(RunState::kSucceeded);
  if (run_passes() == WalkEnd::kStopped) {
    pause();
    return outcome(RunState::kPaused);
  }
  verify();
  succeed();
  return outcome(RunState::kSucceeded);
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
  session_.control = database_.connect(db::Purpose::kControl);
  session_.worker = connect_worker(database_);
  connected_ = true;
  session_.ledger = ledger::Ledger::open_or_create(database_, *session_.control);
}

ParameterValues Execution::choose_parameters(const std::optional<ledger::Run>& latest) {
  // A run that was only queued has not used its parameters yet; one that was cancelled does not matter any more.
  const bool bound = latest && latest->state != RunState::kCancelled && latest->started_at;
  const bool fresh = restarts() || (latest && latest->state == RunState::kSucceeded && !is_recorded());
  if (!bound || fresh) return resolve_parameters(request_.migration, request_.parameters);
  ParameterValues began_with = decode_parameters(latest->parameters);
  if (request_.parameters_given && resolve_parameters(request_.migration, request_.parameters) != began_with) {
    throw Error(Code::kUsage, fmt::format("run {} has other parameters", run_label(*latest)))
        .hint("leave --param out to keep them, or begin a new run with --restart");
  }
  return began_with;
}

// Whether the history calls this migration complete; a rollback of what it requires takes that back.
bool Execution::is_recorded() { return ledger::read_entry(*session_.ledger, request_.migration.version).has_value(); }

bool Execution::choose_run() {
  auto& ledger = *session_.ledger;
  const auto latest = ledger::read_latest_run(ledger, request_.migration.version);
  const ParameterValues parameters = choose_parameters(latest);
  program_ = prepare_program(database_, *session_.control, request_.migration, parameters);
  if (latest && is_complete_already(*latest)) {
    run_ = *latest;
    return false;
  }
  if (latest && continues(*latest, parameters)) {
    run_ = *latest;
    return true;
  }
  const auto rows = estimate_rows(database_, *session_.control, program_, kCountLimit);
  db::Transaction transaction(*session_.control);
  const auto created =
      ledger::create_run(ledger, new_run(program_, parameters, rows, request_.actor), latest ? latest->id.attempt : 0);
  if (!created) {
    throw Error(Code::kRunHeld, "another process began this run in the same moment")
        .hint("`weir status` shows its progress");
  }
  transaction.commit();
  run_ = *created;
  return true;
}

bool Execution::is_complete_already(const ledger::Run& latest) {
  if (latest.state != RunState::kSucceeded || restarts() || !is_recorded()) return false;
  residual_ = measure_residual(database_, *session_.control, program_);
  if (residual_ > 0) {
    observer_.on_note(fmt::format("run {} had succeeded; {} rows match `where` again: a new run begins",
                                  run_label(latest), human_count(residual_)));
  }
  return residual_ == 0;
}

// Whether the unfinished run `latest` goes on. When it does not, it is cancelled here.
bool Execution::continues(const ledger::Run& latest, const ParameterValues& parameters) {
  if (ledger::is_final(latest.state)) return false;
  if (!latest.started_at && decode_parameters(latest.parameters) != parameters) {
    cancel_old_run(latest, "started with other parameters than it was queued with");
    return false;
  }
  if (restarts()) {
    cancel_old_run(latest, "restarted by the operator");
    return false;
  }
  const bool same = latest.checksum == request_.migration.checksum && latest.key_columns == program_.key;
  if (same) return true;
  const auto slice = ledger::read_slice(*session_.ledger, latest.id, 0);
  if (!slice || slice->batches == 0) {
    cancel_old_run(latest, "the file changed before the first batch");
    return false;
  }
  if (request_.on_change == OnChange::kContinue && latest.key_columns == program_.key) return true;
  throw Error(Code::kDefinitionChanged,
              fmt::format("{} changed since run {} began ({} rows done)", request_.migration.file, run_label(latest),
                          human_count(latest.rows_done)))
      .hint(latest.key_columns == program_.key
                ? "--continue goes on from the cursor with the new text; --restart begins a new run"
                : "the key that is walked changed too: begin a new run with --restart");
}

void Execution::cancel_old_run(const ledger::Run& latest, const std::string& why) {
  auto& ledger = *session_.ledger;
  const ledger::Lease lease =
      acquire_slice(ledger, *session_.worker, latest.id, 0, session_.tokens);  // throws while another worker lives
  db::Transaction transaction(*session_.control);
  if (ledger::is_active(latest.state) && latest.state != RunState::kCancelling)
    ledger::move_run(ledger, latest.id, latest.state, RunState::kCancelling);
  ledger::move_run(ledger, latest.id, ledger::is_active(latest.state) ? RunState::kCancelling : latest.state,
                   RunState::kCancelled);
  ledger::release_slice(ledger, latest.id, 0, lease.token);
  ledger::record_event(ledger, request_.actor, "run-cancelled", latest.id.version, latest.id.attempt, why);
  transaction.commit();
}

bool Execution::activate() {
  auto& ledger = *session_.ledger;
  session_.lease = acquire_slice(ledger, *session_.worker, run_.id, 0, session_.tokens);
  // Claimed: nobody else moves this run now. Its state is read again, because the former holder may have moved it last.
  const auto now = ledger::read_latest_run(ledger, run_.id.version);
  if (now && now->id.attempt == run_.id.attempt && now->state == RunState::kSucceeded) {
    ledger::release_slice(ledger, run_.id, 0, session_.lease.token);
    run_ = *now;
    return false;
  }
  if (!now || now->id.attempt != run_.id.attempt || ledger::is_final(now->state)) {
    throw Error(Code::kIllegalTransition, "the run ended in this moment").hint("`weir status` shows its state");
  }
  const RunState was = now->state;
  db::Transaction transaction(*session_.control);
  if (was == RunState::kCancelling) {
    ledger::move_run(ledger, run_.id, was, RunState::kCancelled);
    transaction.commit();
    throw Error(Code::kIllegalTransition, "the run was being cancelled; it is cancelled now")
        .hint("start it again to begin a new run");
  }
  move_to_running(ledger, run_.id, was);
  const bool taken_over = !active_ && (was == RunState::kRunning || was == RunState::kPausing);
  const bool resumed = taken_over || run_.started_at.has_value();
  if (now->checksum != request_.migration.checksum) {
    ledger::record_definition(ledger, run_.id, request_.migration.checksum, request_.migration.text);
    ledger::record_event(ledger, request_.actor, "definition-changed", run_.id.version, run_.id.attempt,
                         "goes on from the cursor with the new text");
  }
  ledger::record_event(ledger, request_.actor,
                       taken_over ? "run-taken-over"
                       : resumed  ? "run-resumed"
                                  : "run-started",
                       run_.id.version, run_.id.attempt, "");
  transaction.commit();
  active_ = true;
  holding_ = true;
  progress_.name = run_.name;
  progress_.rows_total = run_.rows_total;
  progress_.rows_done = now->rows_done;
  if (resumed) {
    observer_.on_note(fmt::format("run {} {} at {} rows", run_label(run_),
                                  taken_over ? "lost its worker and goes on" : "goes on", human_count(now->rows_done)));
  }
  return true;
}

void Execution::start_pass(std::int64_t pass) {
  const auto upper = session_.control->execute({upper_sql(program_, database_.dialect()), {}});
  const auto key = upper.rows.empty() ? std::nullopt : std::optional(upper.rows.front());
  ledger::start_pass(*session_.ledger, run_.id, 0, pass, key, session_.lease.token);
}

WalkEnd Execution::run_passes() {
  auto slice = ledger::read_slice(*session_.ledger, run_.id, 0);
  if (!slice) throw Error(Code::kLedgerCorrupt, "the slice of this run is gone");
  if (slice->pass == 0) start_pass(1);
  std::optional<std::int64_t> previous;  // residual after the pass before, if this process measured it
  const std::int64_t first = std::max<std::int64_t>(slice->pass, 1);
  for (pass_ = first;; ++pass_) {
    progress_.pass = pass_;
    SliceWalk walk({database_, program_, run_.id, session_, clock_, stop_, observer_, progress_});
    if (walk.walk() == WalkEnd::kStopped) return WalkEnd::kStopped;
    ledger::finish_slice(*session_.ledger, run_.id, 0, session_.lease.token);
    residual_ = measure_residual(database_, *session_.control, program_);
    ledger::record_residual(*session_.ledger, run_.id, residual_);
    if (residual_ == 0) return WalkEnd::kExhausted;
    check_progress(pass_ - first + 1, previous, residual_);
    observer_.on_note(fmt::format("pass {} is done, {} rows match `where` (written or moved meanwhile): pass {} begins",
                                  pass_, human_count(residual_), pass_ + 1));
    previous = residual_;
    start_pass(pass_ + 1);
  }
}

// `passes` counts those of this execution: who starts a failed run again wants it to go on.
void Execution::check_progress(std::int64_t passes, std::optional<std::int64_t> previous, std::int64_t residual) const {
  const bool grows = previous && residual >= *previous;
  if (!grows && passes < kMaxPasses) return;
  throw Error(Code::kResidualDoesNotShrink,
              fmt::format("{} rows still match `where` after {} passes{}", human_count(residual), passes,
                          previous ? fmt::format(" ({} after the pass before)", human_count(*previous)) : ""))
      .at(request_.migration.data.where ? request_.migration.data.where->place : request_.migration.data.over.place)
      .hint(
          "either the change leaves `where` true for these rows, or the application keeps writing such rows: look at "
          "some of them");
}

void Execution::verify() {
  violations_ = count_violations(*session_.control, request_.migration);
  if (violations_.value_or(0) == 0) return;
  const project::Section* section = request_.migration.first(project::SectionKind::kVerify);
  throw Error(Code::kVerificationFailed,
              fmt::format("migrate:verify of {} counts {} violations", run_.name, human_count(*violations_)))
      .at({request_.migration.file, section->line, 1, ""})
      .hint("all rows are processed; run the query of migrate:verify without count(*) to see the wrong ones");
}

void Execution::release() {
  if (!ledger::release_slice(*session_.ledger, run_.id, 0, session_.lease.token))
    throw Error(Code::kLeaseLost, "another worker took this run over")
        .hint("nothing was lost: `weir status` shows who works on it");
}

void Execution::pause() {
  auto& ledger = *session_.ledger;
  db::Transaction transaction(*session_.control);
  release();
  ledger::move_run(ledger, run_.id, RunState::kRunning, RunState::kPausing);
  ledger::move_run(ledger, run_.id, RunState::kPausing, RunState::kPaused);
  ledger::record_event(ledger, request_.actor, "run-paused", run_.id.version, run_.id.attempt,
                       fmt::format("{} rows done", progress_.rows_done));
  transaction.commit();
}

// The commit of the control connection is durable, and with it every batch before it.
void Execution::succeed() {
  auto& ledger = *session_.ledger;
  const auto statements =
      static_cast<std::int64_t>(request_.migration.first(project::SectionKind::kBatch)->statements.size());
  const auto elapsed = std::chrono::duration_cast<Milliseconds>(clock_.now() - started_);
  db::Transaction transaction(*session_.control);
  release();
  ledger::move_run(ledger, run_.id, RunState::kRunning, RunState::kSucceeded);
  ledger::record_applied(ledger, request_.migration, statements, elapsed, request_.actor);
  ledger::record_event(ledger, request_.actor, "run-succeeded", run_.id.version, run_.id.attempt,
                       fmt::format("{} rows in {} passes, residual 0", progress_.rows_done, pass_));
  transaction.commit();
}

// Best effort: when the ledger cannot be written (disk full, server gone) the run stays `running` without a living
// worker, and the next `weir run` takes it over at once.
void Execution::fail(const Error& error) noexcept {
  try {
    if (session_.control->broken()) session_.control = database_.connect(db::Purpose::kControl);
    auto ledger = session_.ledger->over(*session_.control);
    if (session_.control->in_transaction()) session_.control->rollback();
    db::Transaction transaction(*session_.control);
    // While the connection was lost the lease may have passed to another worker, whose run it is now.
    if (!ledger::release_slice(ledger, run_.id, 0, session_.lease.token)) return;
    ledger::move_run(ledger, run_.id, RunState::kRunning, RunState::kFailed,
                     fmt::format("{}: {}", to_string(error.code()), error.message()));
    ledger::record_event(ledger, request_.actor, "run-failed", run_.id.version, run_.id.attempt,
                         fmt::format("{}: {}", to_string(error.code()), error.message()));
    transaction.commit();
  } catch (const std::exception& second) {
    observer_.on_note(fmt::format("the failure could not be recorded: {}", second.what()));
  }
}

RunOutcome Execution::outcome(RunState state) const {
  RunOutcome outcome;
  outcome.state = state;
  outcome.already_complete = !active_;
  outcome.attempt = run_.id.attempt;
  outcome.rows_done = active_ ? progress_.rows_done : run_.rows_done;
  outcome.rows_here = progress_.rows_here;
  outcome.passes = active_ ? pass_ : run_.pass;
  outcome.residual = residual_;
  outcome.violations = violations_;
  outcome.elapsed = std::chrono::duration_cast<Milliseconds>(clock_.now() - started_);
  return outcome;
}

}  // namespace weir::backfill
