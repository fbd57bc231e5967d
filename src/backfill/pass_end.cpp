#include "backfill/pass_end.hpp"

#include <fmt/format.h>

#include "backfill/completeness.hpp"
#include "backfill/slicing.hpp"
#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"
#include "ledger/events.hpp"
#include "ledger/history.hpp"
#include "ledger/quarantine.hpp"

namespace weir::backfill {
namespace {

constexpr std::int64_t kMaxPasses = 5;

}  // namespace

std::optional<Ending> PassEnd::act() {
  auto& ledger = *context_.session.ledger;
  // What made the worker come here was read before it had the lease: another one may have planned or ended since.
  if (!is_due()) return std::nullopt;
  const auto itself = ledger::read_slice(ledger, context_.run.id, ledger::kRunItself);
  if (!itself) throw Error(Code::kLedgerCorrupt, "the slice of this run is gone");
  if (itself->pass == 0) {
    plan(1);
    return std::nullopt;
  }
  Ending ending;
  ending.residual = measure_residual(context_.database, *context_.session.control, context_.program);
  sync_point(SyncPoint::kResidualMeasured);
  ledger::record_residual(ledger, context_.run.id, ending.residual);
  sync_point(SyncPoint::kResidualRecorded);
  refuse_quarantined(ending.residual);
  if (ending.residual > 0) {
    check_progress(itself->pass, ending.residual);
    context_.board.end_pass(itself->pass, ending.residual);
    context_.board.note(
        fmt::format("pass {} is done, {} rows match `where` (written or moved meanwhile): pass {} begins", itself->pass,
                    human_count(ending.residual), itself->pass + 1));
    sync_point(SyncPoint::kPassRepeats);
    plan(itself->pass + 1);
    return std::nullopt;
  }
  ending.violations = verify();
  sync_point(SyncPoint::kRunVerified);
  try {
    succeed(itself->pass);
  } catch (const Error& error) {
    // Paused or cancelled in this moment.
    if (error.code() != Code::kIllegalTransition || is_due()) throw;
    return std::nullopt;
  }
  return ending;
}

// What is left over is in quarantine: another pass would fail with the same rows.
void PassEnd::refuse_quarantined(std::int64_t residual) const {
  const auto held = ledger::count_quarantined(*context_.session.ledger, context_.run.id);
  if (held == 0 || residual > held) return;
  const std::string& name = context_.program.migration->name;
  throw Error(Code::kQuarantined,
              fmt::format("{} row{} could not be processed; all others are done", held, held == 1 ? "" : "s"))
      .hint(fmt::format("weir quarantine list {0} shows them; mend the cause, then weir quarantine retry {0}", name));
}

bool PassEnd::is_due() {
  auto& ledger = *context_.session.ledger;
  const auto settings = ledger::read_settings(ledger, context_.run.id);
  if (settings) context_.board.set_settings(*settings);
  return settings && settings->state == ledger::RunState::kRunning && ledger::all_done(ledger, context_.run.id);
}

void PassEnd::plan(std::int64_t pass) {
  db::Connection& control = *context_.session.control;
  const auto upper = find_upper(context_.database, control, context_.program);
  std::vector<ledger::Bounds> slices;
  if (upper) slices = cut_slices(context_.database, control, context_.program, *upper, context_.wanted_slices);
  sync_point(SyncPoint::kSlicesCut);
  const std::string& token = context_.session.lease.token;
  if (ledger::start_pass(*context_.session.ledger, context_.run.id, pass, slices, token))
    context_.board.begin_pass(pass);
}

// Counts the passes that this process ended: who starts a failed run again wants it to go on.
void PassEnd::check_progress(std::int64_t pass, std::int64_t residual) const {
  const RunBoard::Passes before = context_.board.passes();
  if (before.last == pass) return;  // checked, and then the connection was lost
  const bool grows = before.residual && residual >= *before.residual;
  if (!grows && before.ended + 1 < kMaxPasses) return;
  const project::DataProgram& data = context_.program.migration->data;
  throw Error(
      Code::kResidualDoesNotShrink,
      fmt::format("{} rows still match `where` after {} passes{}", human_count(residual), before.ended + 1,
                  before.residual ? fmt::format(" ({} after the pass before)", human_count(*before.residual)) : ""))
      .at(data.where ? data.where->place : data.over.place)
      .hint(
          "either the change leaves `where` true for these rows, or the application keeps writing such rows: look at "
          "some of them");
}

std::optional<std::int64_t> PassEnd::verify() {
  const project::Migration& migration = *context_.program.migration;
  const auto violations = count_violations(*context_.session.control, migration);
  if (violations.value_or(0) == 0) return violations;
  const project::Section* section = migration.first(project::SectionKind::kVerify);
  throw Error(Code::kVerificationFailed,
              fmt::format("migrate:verify of {} counts {} violations", migration.name, human_count(*violations)))
      .at({migration.file, section->line, 1, ""})
      .hint("all rows are processed; run the query of migrate:verify without count(*) to see the wrong ones");
}

// The commit of the control connection is durable, and with it every batch before it.
void PassEnd::succeed(std::int64_t passes) {
  auto& ledger = *context_.session.ledger;
  const project::Migration& migration = *context_.program.migration;
  const auto& id = context_.run.id;
  const auto elapsed = std::chrono::duration_cast<Milliseconds>(context_.clock.now() - context_.started);
  db::Transaction transaction(*context_.session.control);
  ledger::move_run(ledger, id, ledger::RunState::kRunning, ledger::RunState::kSucceeded);  // locks the run's row first
  if (!ledger::all_done(ledger, id))
    throw Error(Code::kInternal, "a run cannot succeed before all its slices are done");
  if (!ledger::release_slice(ledger, id, ledger::kRunItself, context_.session.lease.token))
    throw Error(Code::kLeaseLost, "another worker took this run over")
        .hint("nothing was lost: `weir status` shows who works on it");
  const auto run = ledger::read_latest_run(ledger, id.version);
  ledger::record_applied(ledger, migration, migration.statement_count(), elapsed, context_.actor);
  ledger::record_event(ledger, context_.actor, "run-succeeded", id.version, id.attempt,
                       fmt::format("{} rows in {} passes, residual 0", run ? run->rows_done : 0, passes));
  sync_point(SyncPoint::kSuccessBeforeCommit);
  transaction.commit();
  sync_point(SyncPoint::kSuccessCommitted);
}

}  // namespace weir::backfill
