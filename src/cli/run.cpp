#include <fmt/format.h>

#include "adopt/files.hpp"
#include "backfill/control.hpp"
#include "backfill/runner.hpp"
#include "backfill/slice_walk.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/run_control.hpp"
#include "cli/terminal.hpp"
#include "migrate/decide.hpp"
#include "migrate/facts.hpp"
#include "report/explanation.hpp"
#include "report/json.hpp"
#include "report/rehearsal.hpp"

namespace weir::cli {
namespace {

// A data migration runs only when everything it requires is applied and complete (invariant 4).
void check_gate(const Context& context, const db::Database& database, ledger::Ledger& ledger,
                const project::Timeline& timeline, const project::Migration& migration) {
  migrate::DatabaseFacts facts(database, &ledger.connection(), &ledger, timeline, context.config.inline_rows, nullptr);
  migrate::Decider decider(timeline, ledger::read_snapshot(ledger), database.dialect(), facts);
  const auto blockers = decider.blockers_of(migration);
  if (blockers.empty()) return;
  std::string waits;
  for (const auto& blocker : blockers)
    waits += fmt::format("{}{} ({})", waits.empty() ? "" : ", ", blocker.migration->name, blocker.reason);
  const bool data = blockers.front().migration->kind == project::Kind::kData;
  throw Error(Code::kGateClosed, fmt::format("{} waits for {}", migration.name, waits))
      .hint(data ? fmt::format("first: weir run {}", blockers.front().migration->name) : "first: weir migrate");
}

ledger::Ledger open_ledger(const db::Database& database, db::Connection& connection) {
  auto ledger = ledger::Ledger::open(database, connection);
  if (ledger) return *std::move(ledger);
  throw Error(Code::kNotFound, "nothing has been applied to this database yet").hint("first: weir migrate");
}

int dry_run(const Context& context, const db::Database& database, const project::Timeline& timeline,
            const project::Migration& migration, const RunOptions& options) {
  const auto reader = database.connect(db::Purpose::kRead);
  auto ledger = open_ledger(database, *reader);
  check_gate(context, database, ledger, timeline, migration);
  const auto beginning = backfill::find_beginning(ledger, migration, options.parameters);
  const auto worker = backfill::connect_worker(database);
  const auto program = backfill::prepare_program(database, *worker, migration, beginning.parameters);
  const backfill::RehearsalPlan plan{.from = beginning.cursor_of(program),
                                     .batches = options.batches,
                                     .values = options.masked ? backfill::Values::kMasked : backfill::Values::kShown};
  const auto rehearsal = backfill::rehearse(database, *worker, ledger, context.clock, program, plan);
  context.print(context.global.json ? report::to_json(migration, rehearsal)
                                    : report::to_text(migration, rehearsal, context.colour));
  return 0;
}

int explain(const Context& context, const db::Database& database, const project::Migration& migration,
            const RunOptions& options) {
  const auto reader = database.connect(db::Purpose::kRead);
  auto ledger = open_ledger(database, *reader);
  const auto explanation =
      backfill::explain(database, ledger, context.clock, migration, options.parameters, options.workers);
  context.print(context.global.json ? report::to_json(migration, explanation)
                                    : report::to_text(migration, explanation, context.colour));
  return 0;
}

// Queues it for a worker: the run that waits already, or a new one.
int detach(const Context& context, const db::Database& database, const project::Migration& migration,
           const RunOptions& options) {
  const auto connection = database.connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open_or_create(database, *connection);
  auto run = ledger::read_latest_run(ledger, migration.version);
  if (run && backfill::is_complete(database, ledger, migration, *run)) {
    // Once more would change every row once more.
  } else if (!run || ledger::is_final(run->state)) {
    backfill::enqueue(database, ledger, migration, options.parameters, run ? run->id.attempt : 0, context.actor);
    run = ledger::read_latest_run(ledger, migration.version);
  } else {
    if (!options.parameters.empty())
      throw Error(Code::kUsage, "a run that waits already keeps its parameters").hint("leave --param out");
    run = backfill::resume_run(ledger, *run, context.actor);
  }
  if (options.workers > 1 && !ledger::is_final(run.value().state))
    run = backfill::tune_run(ledger, run.value(), {{}, options.workers, {}}, context.actor);
  const auto status = report::read_run_status(ledger, run.value());
  context.print(context.global.json ? report::to_json(status) : report::to_text(status, context.colour));
  return 0;
}

}  // namespace

int run_command(const Context& context, const RunOptions& options) {
  const auto database = context.open_existing_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  const project::Migration& migration = timeline.find(options.name);
  if (migration.kind != project::Kind::kData) {
    throw Error(Code::kUsage, fmt::format("{} is a schema migration", migration.name))
        .hint("`weir migrate` applies it");
  }
  if (options.dry_run || options.explain) backfill::refuse_row_program(migration);
  backfill::refuse_without_program(migration, nullptr);  // a command has none
  if ((options.dry_run || options.explain) && migration.data.heap) {
    throw Error(Code::kNotAvailable, "--dry-run and --explain are not available for `order: heap` yet")
        .at(migration.data.heap->place)
        .hint("leave the line out to look at the same batches in the order of the key");
  }
  if (options.dry_run) return dry_run(context, *database, timeline, migration, options);
  if (options.explain) return explain(context, *database, migration, options);
  {
    const auto connection = database->connect(db::Purpose::kControl);
    auto ledger = ledger::Ledger::open_or_create(*database, *connection);
    check_gate(context, *database, ledger, timeline, migration);
  }
  if (options.detach) return detach(context, *database, migration, options);
  backfill::RunRequest request{migration,
                               options.parameters,
                               !options.parameters.empty(),
                               options.continue_changed ? backfill::OnChange::kContinue : backfill::OnChange::kRefuse,
                               options.restart ? backfill::Start::kRestart : backfill::Start::kContinue,
                               context.actor,
                               options.workers,
                               backfill::OnStop::kPause,
                               options.allow_scan ? backfill::OnScan::kAllow : backfill::OnScan::kRefuse};
  ProgressView progress(context.global.json);
  const auto outcome = backfill::Runner(*database, context.clock, context.stop, progress).run(request);
  progress.finish();
  context.print(context.global.json ? report::to_json(migration, outcome)
                                    : report::to_text(migration, outcome, context.colour));
  if (outcome.state == ledger::RunState::kSucceeded) drop_expired_images(context, *database);
  return outcome.state == ledger::RunState::kSucceeded ? 0 : exit_code(Code::kInterrupted);
}

}  // namespace weir::cli
