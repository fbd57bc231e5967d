// What `weir migrate` does with each migration, in order. Deciding is pure: what must be looked up comes through Facts,
// what was done is told by mark_done(). `--dry-run` prints the steps, `status` shows them, the deployer performs them.
#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/migrate.hpp>

#include "ledger/snapshot.hpp"
#include "migrate/tables.hpp"
#include "project/timeline.hpp"

namespace weir::migrate {

using weir::Action;

struct Blocker {
  const project::Migration* migration = nullptr;
  std::string reason;   // "not applied", "27 rows still match `where`", ...
  bool is_gate = true;  // named by `requires`; else: touches the same tables as a migration that waits
};

struct Step {
  const project::Migration* migration = nullptr;
  Action action = Action::kNothing;
  std::vector<Blocker> blockers;  // kWait
  bool late = false;              // a later version is applied already
};

// What the data say about a data migration that the ledger calls complete.
struct Completeness {
  std::int64_t residual = 0;
  std::int64_t violations = 0;
};

class Facts {
 public:
  virtual ~Facts() = default;
  // Whether the table of this data migration is small enough to be done by this deploy; with a row program that it does
  // not have only an empty one is. True when the table does not exist (yet).
  virtual bool is_small(const project::Migration& migration) = 0;
  // Measured now.
  virtual Completeness completeness(const project::Migration& migration) = 0;
};

// Whether mark_done() tells of things that were really done, or a dry run only pretends.
enum class Deed { kReal, kPretended };

class Decider {
 public:
  Decider(const project::Timeline& timeline, ledger::Snapshot snapshot, const sql::Dialect& dialect, Facts& facts,
          Deed deed = Deed::kReal);

  // The step for the next migration; nothing after the last.
  std::optional<Step> next();
  // What keeps `migration` from being applied or run now; empty: nothing.
  std::vector<Blocker> blockers_of(const project::Migration& migration);
  // The step for a repeatable migration whose text changed: after all others.
  Step repeatable_step(const project::Migration& migration);
  // The step returned last was performed (or is pretended to be): its migration is applied or complete.
  void mark_done();

  const ledger::Entry* entry(const project::Version& version) const;
  const ledger::Run* latest_run(const project::Version& version) const;

 private:
  bool is_done(const project::Migration& migration) const;
  std::optional<Blocker> unmet(const project::Migration& required);
  Action data_action(const project::Migration& migration);

  const project::Timeline& timeline_;
  std::vector<ledger::Entry> history_;
  std::vector<ledger::Run> runs_;
  const sql::Dialect& dialect_;
  Facts& facts_;
  Deed deed_;
  std::size_t at_ = 0;
  std::vector<project::Version> done_;  // in this deploy, growing
  std::vector<std::pair<const project::Migration*, TableSet>> waiting_;
};

// Whether anything is left that `weir migrate` could do. Cheap: looks at the history only.
bool has_pending(const project::Timeline& timeline, const std::vector<ledger::Entry>& history);

}  // namespace weir::migrate
