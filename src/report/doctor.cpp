#include "report/doctor.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "adopt/files.hpp"
#include "base/error.hpp"
#include "ledger/ledger.hpp"
#include "migrate/deploy_lock.hpp"
#include "project/timeline.hpp"
#include "report/status.hpp"

namespace weir::report {
namespace {

using db::Diagnosis;
using Level = Diagnosis::Level;
using Checks = std::vector<Diagnosis>;

constexpr Milliseconds kSkew{2000};  // times of the ledger and of a log cannot be compared beyond this
constexpr Milliseconds kSlowConnection{1000};
constexpr Milliseconds kLongDeploy{30 * 60'000};

// Slices without a run: they cannot come from weir itself.
constexpr const char* kOrphanCondition =
    "NOT EXISTS (SELECT 1 FROM :weir_runs r WHERE r.version = {0}.version AND r.attempt = {0}.attempt)";

// An examination that fails is a finding.
template <typename Act>
void guarded(Checks& checks, const std::string& subject, Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    const bool absent = error.code() == Code::kNotFound;  // a folder of the project
    checks.push_back({absent ? Level::kWarning : Level::kProblem, subject, error.message(), error.hint()});
  }
}

std::unique_ptr<db::Connection> connect(const db::Database& database, const Clock& clock, Checks& checks) {
  std::unique_ptr<db::Connection> connection;
  guarded(checks, "connection", [&] {
    const auto begin = clock.now();
    connection = database.connect(db::Purpose::kRead);
    const auto took = std::chrono::duration_cast<Milliseconds>(clock.now() - begin);
    checks.push_back({took > kSlowConnection ? Level::kWarning : Level::kGood, "connection",
                      fmt::format("{} in {}", database.display_url(), human_duration(took)),
                      took > kSlowConnection ? "look at name resolution, TLS and the load of the server" : ""});
  });
  return connection;
}

// The answer belongs to the middle of the round trip.
void check_clock(const db::Database& database, db::Connection& connection, const Clock& clock, Checks& checks) {
  const EpochMs before = clock.wall();
  const EpochMs there = db::as_integer(connection.execute_text("SELECT " + database.now_ms()).rows.at(0).at(0));
  const EpochMs here = before + (clock.wall() - before) / 2;
  const Milliseconds skew(std::abs(there - here));
  if (skew <= kSkew) {
    checks.push_back({Level::kGood, "clock", fmt::format("{} apart", human_duration(skew)), ""});
    return;
  }
  checks.push_back({Level::kWarning, "clock",
                    fmt::format("the database is {} {}", human_duration(skew), there > here ? "ahead" : "behind"),
                    "set the clocks by NTP; weir itself goes by the database's clock only"});
}

void check_deploy_lock(const Status& status, Checks& checks) {
  if (!status.lock) {
    checks.push_back({Level::kGood, "deploy lock", "free", ""});
    return;
  }
  const bool stuck = status.lock->since != 0 && Milliseconds(status.now - status.lock->since) > kLongDeploy;
  checks.push_back({stuck ? Level::kWarning : Level::kGood, "deploy lock",
                    "held by " + migrate::describe(*status.lock, status.now),
                    stuck ? "is that deploy alive? Ending its process frees the lock" : ""});
}

void check_migrations(const Status& status, Checks& checks) {
  const std::size_t before = checks.size();
  for (const auto& migration : status.migrations) {
    const std::string name = migration.version.text() + " " + migration.name;
    if (migration.state == "partial") {
      checks.push_back(
          {Level::kProblem, "migrations",
           fmt::format("{} is half {}: {} of {} statements", name, migration.undoing ? "rolled back" : "applied",
                       migration.statements_done, migration.statements_total),
           migration.undoing ? "weir rollback" : "weir migrate"});
    } else if (migration.state == "missing") {
      checks.push_back({Level::kWarning, "migrations", name + " is applied, but its file is gone",
                        "restore the file from version control; without it, it cannot be rolled back"});
    } else if (migration.state == "changed") {
      checks.push_back({Level::kWarning, "migrations", name + " was changed after it was applied",
                        "`weir migrate --dry-run` shows the difference; restore the file and write a new migration"});
    }
  }
  if (checks.size() == before)
    checks.push_back({Level::kGood, "migrations", fmt::format("{} known", status.migrations.size()), ""});
}

void check_runs(const Status& status, Checks& checks) {
  const std::size_t before = checks.size();
  for (const auto& one : status.runs) {
    const std::string remedy = "weir run " + one.run.name;
    if (ledger::is_active(one.run.state) && one.workers == 0) {
      checks.push_back({Level::kProblem, "runs",
                        fmt::format("{} is {}, but its worker is dead", one.run.name, to_string(one.run.state)),
                        remedy});
    } else if (one.run.state == ledger::RunState::kFailed) {
      checks.push_back({Level::kWarning, "runs", fmt::format("{} failed: {}", one.run.name, one.run.error), remedy});
    }
  }
  if (checks.size() == before) checks.push_back({Level::kGood, "runs", "none is left behind", ""});
}

void check_slices(ledger::Ledger& ledger, Checks& checks) {
  const auto found = ledger.execute("SELECT count(*) FROM :weir_slices s WHERE " + fmt::format(kOrphanCondition, "s"));
  const auto count = db::as_integer(found.rows.at(0).at(0));
  if (count == 0) {
    checks.push_back({Level::kGood, "slices", "each belongs to a run", ""});
    return;
  }
  checks.push_back(
      {Level::kProblem, "slices",
       fmt::format("{} rows of weir_slices belong to no run; something else wrote to the ledger", count),
       ledger.expand("DELETE FROM :weir_slices WHERE " + fmt::format(kOrphanCondition, ":weir_slices")) + ";"});
}

void check_ledger(const db::Database& database, db::Connection& connection, const project::Config& config,
                  const Clock& clock, Checks& checks) {
  std::optional<ledger::Ledger> ledger;
  guarded(checks, "ledger", [&] {
    ledger = ledger::Ledger::open(database, connection);
    checks.push_back({Level::kGood, "ledger",
                      ledger ? fmt::format("version {}", ledger::kLedgerVersion) : "none yet: `weir migrate` makes it",
                      ""});
  });
  std::optional<project::Timeline> timeline;
  guarded(checks, "files", [&] { timeline = adopt::load_timeline(config, database.dialect()); });
  guarded(checks, "migrations", [&] {
    const project::Timeline none({});
    const Status status =
        build_status(database, ledger ? &*ledger : nullptr, timeline ? *timeline : none, clock.wall());
    check_deploy_lock(status, checks);
    if (!ledger) return;
    if (timeline) check_migrations(status, checks);
    check_runs(status, checks);
  });
  if (ledger) guarded(checks, "slices", [&] { check_slices(*ledger, checks); });
}

}  // namespace

bool Examination::has_problem() const {
  return std::any_of(checks.begin(), checks.end(), [](const auto& one) { return one.level == Level::kProblem; });
}

Examination examine(const db::Database& database, const project::Config& config, const Clock& clock) {
  Examination result{std::string(database.engine_name()), {}};
  if (!database.exists()) {
    result.checks.push_back({Level::kWarning, "connection",
                             fmt::format("there is no database {} yet", database.display_url()),
                             "`weir migrate` makes it; or correct the URL"});
    return result;
  }
  const auto connection = connect(database, clock, result.checks);
  if (!connection) return result;
  guarded(result.checks, "server", [&] {
    for (auto& one : connection->diagnose()) result.checks.push_back(std::move(one));
  });
  guarded(result.checks, "clock", [&] { check_clock(database, *connection, clock, result.checks); });
  check_ledger(database, *connection, config, clock, result.checks);
  return result;
}

}  // namespace weir::report
