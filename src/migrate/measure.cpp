#include "migrate/measure.hpp"

#include <algorithm>
#include <functional>

#include "backfill/carried_parameters.hpp"
#include "backfill/completeness.hpp"
#include "base/error.hpp"
#include "ledger/events.hpp"
#include "ledger/runs.hpp"

namespace weir::migrate {
namespace {

using project::Migration;

std::optional<std::int64_t> residual_of(const db::Database& database, ledger::Ledger& ledger,
                                        const Migration& migration) {
  if (migration.kind != project::Kind::kData || !migration.data.where) return std::nullopt;
  const auto run = ledger::read_latest_run(ledger, migration.version);
  const auto parameters =
      run ? backfill::carry_parameters(migration, *run) : backfill::resolve_parameters(migration, {});
  const auto program = backfill::describe_program(database, ledger.connection(), migration, parameters);
  return backfill::measure_residual(database, ledger.connection(), program);
}

// The applied migration whose gate measured this one, if the ledger has the evidence.
const Migration* passed_gate(ledger::Ledger& ledger, const project::Timeline& timeline,
                             const std::vector<ledger::Entry>& history, const Migration& migration) {
  if (!ledger::has_event(ledger, "gate-passed", migration.version)) return nullptr;
  const auto dependents = timeline.dependents_of(migration);
  const auto found =
      std::find_if(dependents.begin(), dependents.end(), [&](const auto* d) { return is_applied(history, *d); });
  return found == dependents.end() ? nullptr : *found;
}

}  // namespace

bool is_applied(const std::vector<ledger::Entry>& history, const Migration& migration) {
  const auto* entry = ledger::find_entry(history, migration.version);
  return entry != nullptr && entry->state == ledger::EntryState::kApplied;
}

Measurement measure(const db::Database& database, ledger::Ledger& ledger, const project::Timeline& timeline,
                    const std::vector<ledger::Entry>& history, const Migration& migration) {
  Measurement result;
  const auto one = [&](const std::function<std::optional<std::int64_t>()>& query) -> std::optional<std::int64_t> {
    try {
      return query();
    } catch (const Error& error) {
      // A contract drops the column that the query reads. Its gate measured 0 before.
      const bool gone = error.code() == Code::kUndefinedObject || error.code() == Code::kNotFound;
      if (gone && result.closed_by == nullptr) result.closed_by = passed_gate(ledger, timeline, history, migration);
      if (!gone || result.closed_by == nullptr) throw;
      return std::nullopt;
    }
  };
  result.residual = one([&] { return residual_of(database, ledger, migration); });
  result.violations = one([&] { return backfill::count_violations(ledger.connection(), migration); });
  return result;
}

}  // namespace weir::migrate
