#include <fmt/format.h>
#include <map>
#include <set>

#include "backfill/lease.hpp"
#include "backfill/runner.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/run_control.hpp"
#include "cli/terminal.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

constexpr Milliseconds kLook{1000};
constexpr Milliseconds kPiece{50};  // so that Ctrl-C is seen

// Runs that want a worker, oldest first. The ledger has their text: no file is needed on this host.
std::vector<ledger::Run> find_work(const db::Database& database) {
  const auto connection = database.connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open(database, *connection);
  std::vector<ledger::Run> work;
  if (!ledger) return work;
  for (auto& run : ledger::read_runs(*ledger)) {
    if (run.state == ledger::RunState::kQueued || run.state == ledger::RunState::kRunning)
      work.push_back(std::move(run));
  }
  return work;
}

project::Migration migration_of(const ledger::Run& run, const sql::Dialect& dialect) {
  const std::string file = fmt::format("{}_{}.sql", run.id.version.text(), run.name);
  return project::parse_migration(project::Kind::kData, file, "db/data/" + file, run.definition, dialect);
}

void execute(const Context& context, const db::Database& database, const ledger::Run& run,
             const project::Migration& migration, int workers) {
  backfill::RunRequest request{migration,    {}, false, backfill::OnChange::kRefuse, backfill::Start::kContinue,
                               context.actor};
  request.workers = workers;
  request.on_stop = backfill::OnStop::kRequeue;
  request.joins = run.id.attempt;
  ProgressView progress(context.global.json);
  const auto outcome = backfill::Runner(database, context.clock, context.stop, progress).run(request);
  progress.finish();
  if (outcome.state == ledger::RunState::kSucceeded) drop_expired_images(context, database);
  context.print(context.global.json ? report::to_json(migration, outcome)
                                    : report::to_text(migration, outcome, context.colour));
}

// One round over what waits now. A run that failed before it began is not tried again until somebody has touched it.
class Rounds {
 public:
  Rounds(const Context& context, const db::Database& database, int workers)
      : context_(context), database_(database), workers_(workers) {}

  // False: nothing was there to do.
  bool play() {
    try {
      bool found = false;
      for (const auto& run : find_work(database_)) {
        if (context_.stop.requested()) break;
        const auto known = failed_.find(run.id.version.key());
        if (known != failed_.end() && known->second == run.updated_at) continue;
        found = attempt(run) || found;
      }
      return found;
    } catch (const Error& error) {
      // The server may come back.
      if (!error.is_transient() && error.code() != Code::kCannotConnect) throw;
      show(error);
      return false;
    }
  }
  bool failed() const { return !failed_.empty(); }

 private:
  // False: it is not for this worker.
  bool attempt(const ledger::Run& run) {
    try {
      const auto migration = migration_of(run, database_.dialect());
      if (!backfill::can_compute(migration, nullptr)) {
        leave_alone(run);
        return false;
      }
      execute(context_, database_, run, migration, workers_);
    } catch (const Error& error) {
      // Somebody was faster, or paused it: what is there to do is read again in the next round.
      if (error.code() == Code::kIllegalTransition || error.code() == Code::kRunHeld) return true;
      failed_[run.id.version.key()] = run.updated_at;
      show(error);
    }
    return true;
  }
  // Said once.
  void leave_alone(const ledger::Run& run) {
    if (!left_.insert(fmt::format("{} {}", run.id.version.key(), run.id.attempt)).second) return;
    const auto text = fmt::format("{} is left to the C++ program in which its row program is registered\n", run.name);
    std::fputs(text.c_str(), stderr);
  }
  void show(const Error& error) const {
    const bool json = context_.global.json;
    std::fputs((json ? report::to_json(error) : report::to_text(error, context_.error_colour)).c_str(),
               json ? stdout : stderr);
  }

  const Context& context_;
  const db::Database& database_;
  const int workers_;
  std::map<std::string, EpochMs> failed_;
  std::set<std::string> left_;  // to others
};

}  // namespace

int run_command(const Context& context, const WorkerOptions& options) {
  const auto database = context.open_existing_database();
  Rounds rounds(context, *database, options.workers);
  while (!context.stop.requested()) {
    if (!rounds.play() && options.once) break;
    for (Milliseconds waited{0}; waited < kLook && !context.stop.requested(); waited += kPiece)
      context.clock.sleep(kPiece);
  }
  return options.once && rounds.failed() ? 1 : 0;
}

}  // namespace weir::cli
