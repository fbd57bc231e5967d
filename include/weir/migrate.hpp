// Deploys: what Project::migrate(), rollback() and verify() are asked and what they answer. All values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>
#include <weir/export.hpp>
#include <weir/run.hpp>

namespace weir {

// A schema migration changes tables, in the deploy. A data migration changes rows, in a run.
enum class Kind { kSchema, kData };
// "schema", "data"
WEIR_API std::string_view to_string(Kind kind);

// What a deploy does with a migration.
enum class Action {
  kNothing,          // applied or complete
  kApply,            // schema migration
  kContinue,         // schema migration without transaction, of which some statements were done
  kRunInline,        // data migration on a small table
  kEnqueue,          // data migration on a large table: a run is queued, for work() or run()
  kAlreadyQueued,    // ... was queued earlier, or is running, paused or failed
  kNeedsParameters,  // data migration whose parameters only run() can give
  kWait,             // at a gate (`requires:`), or behind a migration that waits
};

// Of Project::migrate().
struct MigrateOptions {
  bool dry_run = false;                          // says what would be done and writes nothing
  std::chrono::milliseconds lock_wait{300'000};  // for another deployer, then Code::kDeployLockHeld
  // A stop cancels the statement of a migration that waits or works, rolls it back and throws Code::kInterrupted; what
  // came before stays applied.
  std::stop_token stop = {};
};

// One migration in a deploy.
struct Step {
  struct Blocker {
    std::string name;
    std::string reason;  // "not applied", "27 rows still match `where`", ...
  };
  std::string version;
  std::string name;
  Kind kind = Kind::kSchema;
  Action action = Action::kNothing;
  std::vector<Blocker> blockers;           // kWait
  std::chrono::milliseconds elapsed{0};    // kApply, kContinue, kRunInline
  std::int64_t rows = 0;                   // kRunInline: changed
  std::optional<std::int64_t> rows_total;  // kEnqueue, kAlreadyQueued: to be changed, estimate
};

// An applied migration whose file is not what was applied. Nothing is done about it.
struct Discrepancy {
  enum class Kind { kChanged, kMissing } kind = Kind::kChanged;
  std::string version;
  std::string name;
};

struct MigrateResult {
  std::vector<Step> steps;  // in the order of the versions, without kNothing
  std::vector<Discrepancy> discrepancies;
  WEIR_API std::size_t count(Action action) const;
};

// Of Project::rollback().
struct RollbackOptions {
  std::int64_t steps = 1;              // so many of the last schema migrations
  std::optional<std::string> to = {};  // a version: everything later is undone; stronger than steps. "0": everything
  std::chrono::milliseconds lock_wait{300'000};
  std::stop_token stop = {};  // looked at between two migrations
};

struct RolledBack {
  std::string version;
  std::string name;
  std::vector<std::string> reopened;  // names of data migrations that must run again
  bool nothing_to_undo = false;       // migrate:down is empty
  std::chrono::milliseconds elapsed{0};
};

// What the data say about an applied migration, measured now.
struct Verification {
  std::string version;
  std::string name;
  std::optional<std::int64_t> residual;    // rows that match `where` of a data migration
  std::optional<std::int64_t> violations;  // that migrate:verify counts; nothing: there is none
  // The applied migration that needed this one and removed what could be measured; both were 0 at its gate.
  std::string closed_by;
  bool clean() const { return residual.value_or(0) == 0 && violations.value_or(0) == 0; }
};

}  // namespace weir
