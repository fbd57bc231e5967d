#include "backfill/work_queue.hpp"

#include <fmt/format.h>
#include <map>
#include <set>

#include "backfill/abandoned.hpp"
#include "backfill/images.hpp"
#include "base/error.hpp"

namespace weir::backfill {
namespace {

constexpr Milliseconds kLook{1000};
constexpr Milliseconds kPiece{50};  // so that a stop is seen

project::Migration migration_of(const ledger::Run& run, const sql::Dialect& dialect) {
  const std::string file = fmt::format("{}_{}.sql", run.id.version.text(), run.name);
  return project::parse_migration(project::Kind::kData, file, "db/data/" + file, run.definition, dialect);
}

// Runs that want a worker, oldest first.
std::vector<ledger::Run> find_work(const db::Database& database) {
  const auto connection = database.connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open(database, *connection);
  std::vector<ledger::Run> work;
  if (!ledger) return work;
  for (auto& run : ledger::read_runs(*ledger)) {
    if (!ledger::is_final(run.state)) release_abandoned(*ledger, run.id);
    if (run.state == ledger::RunState::kQueued || run.state == ledger::RunState::kRunning)
      work.push_back(std::move(run));
  }
  return work;
}

// Also when it was retried in vain, and is not worth another attempt at once.
bool may_pass(const Error& error) {
  return error.is_transient() || error.code() == Code::kCannotConnect || error.code() == Code::kConnectionLost;
}

class Queue {
 public:
  Queue(const db::Database& database, Clock& clock, const StopToken& stop, QueueObserver& observer,
        const WorkRequest& request)
      : database_(database), clock_(clock), stop_(stop), observer_(observer), request_(request) {}

  // One round over what waits now. False: nothing was there to do.
  bool play() {
    try {
      bool found = false;
      for (const auto& run : find_work(database_)) {
        if (stop_.requested()) break;
        const auto known = failed_.find(run.id.version.key());
        if (known != failed_.end() && known->second == run.updated_at) continue;
        found = attempt(run) || found;
      }
      unreadable_ = false;
      return found;
    } catch (const Error& error) {
      // The server may come back.
      if (!may_pass(error)) throw;
      observer_.on_failed(nullptr, error);
      unreadable_ = true;
      return false;
    }
  }
  std::size_t failed() const { return failed_.size() + passing_.size() + undoing_.size() + (unreadable_ ? 1U : 0U); }

 private:
  // False: it is not for this process.
  bool attempt(const ledger::Run& run) {
    const std::string key = run.id.version.key();
    try {
      const auto migration = migration_of(run, database_.dialect());
      RowProgram* const program = request_.program_of ? request_.program_of(migration) : nullptr;
      if (!can_compute(migration, program)) {
        if (left_.insert(fmt::format("{} {}", run.id.version.key(), run.id.attempt)).second) observer_.on_left(run);
        return false;
      }
      if (waits_for_undo(run)) return false;
      execute(run, migration, program);
      failed_.erase(key);
      passing_.erase(key);
    } catch (const Error& error) {
      // Somebody was faster, or paused it: what is there to do is read again in the next round.
      if (error.code() == Code::kIllegalTransition || error.code() == Code::kRunHeld) return true;
      observer_.on_failed(&run, error);
      // Nobody touches the run when the server is there again.
      if (may_pass(error)) {
        passing_.insert(key);
        return false;
      }
      passing_.erase(key);
      failed_[key] = run.updated_at;
    }
    return true;
  }
  // Said once, but looked at in each round: nobody touches the run when the undo ends.
  bool waits_for_undo(const ledger::Run& run) {
    const auto connection = database_.connect(db::Purpose::kControl);
    auto ledger = ledger::Ledger::open(database_, *connection);
    try {
      if (ledger) refuse_while_undoing(*ledger, run.id.version);
    } catch (const Error& error) {
      if (error.code() != Code::kIllegalTransition) throw;
      if (undoing_.insert(run.id.version.key()).second) observer_.on_failed(&run, error);
      return true;
    }
    undoing_.erase(run.id.version.key());
    return false;
  }
  void execute(const ledger::Run& run, const project::Migration& migration, RowProgram* program) {
    RunRequest request{migration, {}, false, OnChange::kRefuse, Start::kContinue, request_.actor};
    request.workers = request_.workers;
    request.on_stop = OnStop::kRequeue;
    request.joins = run.id.attempt;
    request.row_program = program;
    observer_.on_ended(migration, Runner(database_, clock_, stop_, observer_).run(request));
  }

  const db::Database& database_;
  Clock& clock_;
  const StopToken& stop_;
  QueueObserver& observer_;
  const WorkRequest& request_;
  std::map<std::string, EpochMs> failed_;  // not tried again until somebody has touched it
  std::set<std::string> passing_;          // tried again in the next round
  std::set<std::string> undoing_;
  bool unreadable_ = false;     // the ledger, in the last round
  std::set<std::string> left_;  // to others
};

}  // namespace

std::string left_to_others(const ledger::Run& run) {
  return run.name + " is left to the C++ program in which its row program is registered";
}

std::size_t work_queue(const db::Database& database, Clock& clock, const StopToken& stop, QueueObserver& observer,
                       const WorkRequest& request) {
  Queue queue(database, clock, stop, observer, request);
  while (!stop.requested()) {
    if (!queue.play() && request.until == WorkRequest::Until::kNothingLeft) break;
    for (Milliseconds waited{0}; waited < kLook && !stop.requested(); waited += kPiece) clock.sleep(kPiece);
  }
  return queue.failed();
}

}  // namespace weir::backfill
