#include <weir/project.hpp>

#include "adopt/adoption.hpp"
#include "adopt/files.hpp"
#include "api/bridge.hpp"
#include "api/open.hpp"
#include "api/row_programs.hpp"
#include "api/values.hpp"
#include "backfill/control.hpp"
#include "backfill/images.hpp"
#include "backfill/undo_run.hpp"
#include "base/process.hpp"
#include "migrate/gate.hpp"
#include "report/watch.hpp"

namespace weir {

// Immutable but for the functions, which are thread-safe.
class Project::Impl {
 public:
  explicit Impl(const ProjectOptions& options)
      : config(project::load_config(options.directory, options.url)),
        database(api::open_database(config)),
        actor(options.actor.empty() ? current_actor() : options.actor) {}

  project::Timeline load_timeline() const { return adopt::load_timeline(config, database->dialect()); }
  void refuse_missing() const { api::refuse_missing(*database, config); }

  const project::Config config;
  const std::unique_ptr<db::Database> database;
  const std::string actor;
  api::RegisteredFunctions functions;
};

namespace {

// A ledger for one call.
struct OpenLedger {
  // The one that must be there.
  explicit OpenLedger(const db::Database& database, db::Purpose purpose = db::Purpose::kControl)
      : connection(database.connect(purpose)), ledger(ledger::Ledger::open_existing(database, *connection)) {}
  OpenLedger(std::unique_ptr<db::Connection> over, ledger::Ledger opened)
      : connection(std::move(over)), ledger(std::move(opened)) {}
  std::unique_ptr<db::Connection> connection;
  ledger::Ledger ledger;
};

// Errors: kGateClosed.
OpenLedger open_behind_gate(const db::Database& database, const project::Timeline& timeline,
                            const project::Migration& migration) {
  auto connection = database.connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open_or_create(database, *connection);
  migrate::check_gate(database, ledger, timeline, migration);
  return {std::move(connection), std::move(ledger)};
}

RunStatus status_of(ledger::Ledger& ledger, const ledger::Run& run) {
  return api::to_public(report::read_run_status(ledger, run));
}

std::vector<RunStatus> newest_runs(const db::Database& database, db::Connection& connection) {
  std::vector<RunStatus> runs;
  auto ledger = ledger::Ledger::open(database, connection);
  if (!ledger) return runs;
  for (const auto& run : report::watch(*ledger).runs) runs.push_back(api::to_public(run.status));
  return runs;
}

void drop_expired_images(const db::Database& database, const project::Config& config, const std::string& actor,
                         api::Bridge& bridge) {
  if (const auto error = backfill::drop_expired_images(database, config.keep_days, actor))
    bridge.on_note("old values could not be dropped: " + error->message());
}

// Finds the run, lets `act` do something to it, and says how it stands then.
template <typename Act>
RunStatus control(const db::Database& database, const std::string& name, const Act& act) {
  OpenLedger open(database);
  return status_of(open.ledger, act(open.ledger, backfill::find_run(open.ledger, name)));
}

}  // namespace

Project::Project(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Project::~Project() = default;
Project::Project(Project&&) noexcept = default;
Project& Project::operator=(Project&&) noexcept = default;

Project Project::open(const ProjectOptions& options) {
  return Project(api::call([&] { return std::make_unique<Impl>(options); }));
}

MigrateResult Project::migrate(const MigrateOptions& options, Observer* observer) const {
  return api::call(observer, options.stop, [&](api::Bridge& bridge) {
    const auto timeline = impl_->load_timeline();
    migrate::DeployOptions request;
    request.dry_run = options.dry_run;
    request.lock_wait = options.lock_wait;
    request.actor = impl_->actor;
    api::CallPrograms programs(impl_->functions);
    request.row_programs = programs.programs_of(timeline);
    return api::to_public(
        migrate::deploy(*impl_->database, impl_->config, timeline, system_clock(), bridge.stop(), bridge, request));
  });
}

std::vector<RolledBack> Project::rollback(const RollbackOptions& options, Observer* observer) const {
  return api::call(observer, options.stop, [&](api::Bridge& bridge) {
    impl_->refuse_missing();
    const auto timeline = impl_->load_timeline();
    migrate::RollbackOptions request;
    request.steps = options.steps;
    if (options.to) request.to = project::Version(*options.to);
    request.lock_wait = options.lock_wait;
    request.actor = impl_->actor;
    return api::to_public(
        migrate::roll_back(*impl_->database, impl_->config, timeline, system_clock(), bridge.stop(), bridge, request));
  });
}

std::vector<Verification> Project::verify(const std::optional<std::string>& name) const {
  return api::call([&] {
    impl_->refuse_missing();
    const auto timeline = impl_->load_timeline();
    OpenLedger open(*impl_->database, db::Purpose::kRead);
    return api::to_public(migrate::verify(*impl_->database, open.ledger, timeline, name));
  });
}

Status Project::status() const {
  return api::call([&] {
    const auto status = report::read_status(*impl_->database, impl_->config, system_clock().wall());
    if (status.unfinished) adopt::refuse_unfinished(*status.unfinished);
    return api::to_public(status);
  });
}

void Project::register_row_program(const std::string& name, RowFunction function) {
  impl_->functions.add(name, std::move(function));
}

RunOutcome Project::run(const std::string& name, const RunOptions& options, Observer* observer) const {
  return api::call(observer, options.stop, [&](api::Bridge& bridge) {
    backfill::check_workers(options.workers);
    impl_->refuse_missing();
    const auto timeline = impl_->load_timeline();
    const project::Migration& migration = timeline.find_data(name);
    open_behind_gate(*impl_->database, timeline, migration);
    const bool parameters_given = !options.parameters.empty();
    api::CallPrograms programs(impl_->functions);
    backfill::RunRequest request{migration,      options.parameters, parameters_given, options.on_change,
                                 options.start,  impl_->actor,       options.workers,  backfill::OnStop::kPause,
                                 options.on_scan};
    request.row_program = programs.program_of(migration);
    const auto outcome = backfill::Runner(*impl_->database, system_clock(), bridge.stop(), bridge).run(request);
    if (outcome.state == RunState::kSucceeded)
      drop_expired_images(*impl_->database, impl_->config, impl_->actor, bridge);
    return outcome;
  });
}

RunStatus Project::start(const std::string& name, const StartOptions& options) const {
  return api::call([&] {
    if (options.workers) backfill::check_workers(*options.workers);
    impl_->refuse_missing();
    const auto timeline = impl_->load_timeline();
    const project::Migration& migration = timeline.find_data(name);
    OpenLedger open = open_behind_gate(*impl_->database, timeline, migration);
    const auto run = backfill::queue_run(*impl_->database, open.ledger,
                                         {migration, options.parameters, options.workers, impl_->actor});
    return status_of(open.ledger, run);
  });
}

std::size_t Project::work(const WorkOptions& options, Observer* observer) const {
  return api::call(observer, options.stop, [&](api::Bridge& bridge) {
    using Until = backfill::WorkRequest::Until;
    backfill::check_workers(options.workers);
    impl_->refuse_missing();
    bridge.on_success = [&] { drop_expired_images(*impl_->database, impl_->config, impl_->actor, bridge); };
    const bool ends = options.until == WorkOptions::Until::kNothingLeft;
    api::CallPrograms programs(impl_->functions);
    return backfill::work_queue(*impl_->database, system_clock(), bridge.stop(), bridge,
                                {ends ? Until::kNothingLeft : Until::kStopped, options.workers, impl_->actor,
                                 [&](const project::Migration& migration) { return programs.program_of(migration); }});
  });
}

RunStatus Project::pause(const std::string& name, const WaitOptions& wait) const {
  return api::call(nullptr, wait.stop, [&](api::Bridge& bridge) {
    impl_->refuse_missing();
    return control(*impl_->database, name, [&](ledger::Ledger& ledger, const ledger::Run& run) {
      return backfill::pause_run(ledger, run, impl_->actor, {system_clock(), bridge.stop(), wait.most});
    });
  });
}

RunStatus Project::cancel(const std::string& name, const WaitOptions& wait) const {
  return api::call(nullptr, wait.stop, [&](api::Bridge& bridge) {
    impl_->refuse_missing();
    return control(*impl_->database, name, [&](ledger::Ledger& ledger, const ledger::Run& run) {
      return backfill::cancel_run(ledger, run, impl_->actor, {system_clock(), bridge.stop(), wait.most});
    });
  });
}

RunStatus Project::resume(const std::string& name) const {
  return api::call([&] {
    impl_->refuse_missing();
    return control(*impl_->database, name, [&](ledger::Ledger& ledger, const ledger::Run& run) {
      return backfill::resume_run(ledger, run, impl_->actor);
    });
  });
}

RunStatus Project::tune(const std::string& name, const Tuning& tuning) const {
  return api::call([&] {
    impl_->refuse_missing();
    return control(*impl_->database, name, [&](ledger::Ledger& ledger, const ledger::Run& run) {
      return backfill::tune_run(ledger, run, tuning, impl_->actor);
    });
  });
}

UndoOutcome Project::undo(const std::string& name, const UndoOptions& options, Observer* observer) const {
  return api::call(observer, options.stop, [&](api::Bridge& bridge) {
    impl_->refuse_missing();
    const auto timeline = impl_->load_timeline();
    OpenLedger open(*impl_->database);
    const auto run = backfill::find_run(open.ledger, name);
    return api::to_public(backfill::undo_run(*impl_->database, open.ledger, timeline, run, system_clock(),
                                             bridge.stop(), bridge, impl_->actor));
  });
}

RunStatus Project::run_status(const std::string& name) const {
  return api::call([&] {
    impl_->refuse_missing();
    OpenLedger open(*impl_->database, db::Purpose::kRead);
    return status_of(open.ledger, backfill::find_run(open.ledger, name));
  });
}

std::vector<RunStatus> Project::runs() const {
  return api::call([&] {
    if (!impl_->database->exists()) return std::vector<RunStatus>();
    return newest_runs(*impl_->database, *impl_->database->connect(db::Purpose::kRead));
  });
}

void Project::watch(const std::function<bool(const std::vector<RunStatus>&)>& look, std::chrono::milliseconds interval,
                    const std::stop_token& stop) const {
  constexpr std::chrono::milliseconds kPiece{50};  // so that a stop is seen
  const auto connection = api::call([&] {
    impl_->refuse_missing();
    return impl_->database->connect(db::Purpose::kRead);
  });
  while (!stop.stop_requested()) {
    const auto runs = api::call([&] { return newest_runs(*impl_->database, *connection); });
    if (!look(runs)) return;
    for (std::chrono::milliseconds waited{0}; waited < interval && !stop.stop_requested(); waited += kPiece)
      system_clock().sleep(std::min(kPiece, interval));
  }
}

std::string Project::engine() const { return std::string(impl_->database->engine_name()); }
std::string Project::database() const { return impl_->database->display_url(); }

}  // namespace weir
