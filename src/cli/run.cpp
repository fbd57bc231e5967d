#include <fmt/format.h>

#include "adopt/files.hpp"
#include "backfill/control.hpp"
#include "backfill/runner.hpp"
#include "backfill/slice_walk.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/run_control.hpp"
#include "cli/terminal.hpp"
#include "migrate/gate.hpp"
#include "report/explanation.hpp"
#include "report/json.hpp"
#include "report/rehearsal.hpp"

namespace weir::cli {
namespace {

// These two write nothing, so they create no ledger either.
ledger::Ledger open_ledger(const db::Database& database, db::Connection& reader) {
  auto ledger = ledger::Ledger::open(database, reader);
  if (ledger) return *std::move(ledger);
  throw Error(Code::kNotFound, "this database has no ledger yet, and --dry-run and --explain do not create it")
      .hint("`weir migrate` does, and so does `weir run` without them");
}

int dry_run(const Context& context, const db::Database& database, const project::Timeline& timeline,
            const project::Migration& migration, const RunOptions& options) {
  const auto reader = database.connect(db::Purpose::kRead);
  auto ledger = open_ledger(database, *reader);
  migrate::check_gate(database, ledger, timeline, migration);
  const auto beginning = backfill::find_beginning(ledger, migration, options.parameters);
  const auto worker = backfill::connect_worker(database);
  const auto program = backfill::prepare_program(database, *worker, migration, beginning.parameters);
  const backfill::RehearsalPlan plan{.from = beginning.cursor_of(program),
                                     .batches = options.batches,
                                     .values = options.masked ? backfill::Values::kMasked : backfill::Values::kShown};
  const auto rehearsal = backfill::rehearse(database, *worker, ledger, context.clock, context.stop, program, plan);
  context.print(context.global.json ? report::to_json(migration, rehearsal)
                                    : report::to_text(migration, rehearsal, context.colour));
  return 0;
}

int explain(const Context& context, const db::Database& database, const project::Migration& migration,
            const RunOptions& options) {
  const auto reader = database.connect(db::Purpose::kRead);
  auto ledger = open_ledger(database, *reader);
  const auto explanation =
      backfill::explain(database, ledger, context.clock, context.stop, migration, options.parameters, options.workers);
  context.print(context.global.json ? report::to_json(migration, explanation)
                                    : report::to_text(migration, explanation, context.colour));
  return 0;
}

// Queues it for a worker: the run that waits already, or a new one.
int detach(const Context& context, const db::Database& database, const project::Migration& migration,
           const RunOptions& options) {
  const auto connection = database.connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open_or_create(database, *connection);
  const auto run =
      backfill::queue_run(database, ledger,
                          {migration, options.parameters,
                           options.workers > 1 ? std::optional(options.workers) : std::nullopt, context.actor});
  const auto status = report::read_run_status(ledger, run);
  context.print(context.global.json ? report::to_json(status) : report::to_text(status, context.colour));
  return 0;
}

}  // namespace

int run_command(const Context& context, const RunOptions& options) {
  const auto database = context.open_existing_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  const project::Migration& migration = timeline.find_data(options.name);
  if (options.dry_run || options.explain) backfill::refuse_row_program(migration);
  backfill::refuse_without_program(migration, nullptr);  // a command has none
  if (options.dry_run) return dry_run(context, *database, timeline, migration, options);
  if (options.explain) return explain(context, *database, migration, options);
  {
    const auto connection = database->connect(db::Purpose::kControl);
    auto ledger = ledger::Ledger::open_or_create(*database, *connection);
    migrate::check_gate(*database, ledger, timeline, migration);
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
