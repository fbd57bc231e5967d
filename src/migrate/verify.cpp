#include "migrate/verify.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "backfill/completeness.hpp"
#include "base/error.hpp"
#include "ledger/history.hpp"
#include "ledger/runs.hpp"

namespace weir::migrate {
namespace {

using project::Kind;
using project::Migration;

bool is_applied(const std::vector<ledger::Entry>& history, const Migration& migration) {
  return std::any_of(history.begin(), history.end(), [&](const auto& e) {
    return e.version == migration.version && e.state == ledger::EntryState::kApplied;
  });
}

Verification measure(const db::Database& database, ledger::Ledger& ledger, const Migration& migration) {
  Verification result{&migration, std::nullopt, std::nullopt, nullptr};
  if (migration.kind == Kind::kData) {
    const auto run = ledger::read_latest_run(ledger, migration.version);
    const auto parameters =
        run ? backfill::decode_parameters(run->parameters) : backfill::resolve_parameters(migration, {});
    const auto program = backfill::prepare_program(database, ledger.connection(), migration, parameters);
    if (program.where) result.residual = backfill::measure_residual(database, ledger.connection(), program);
  }
  result.violations = backfill::count_violations(ledger.connection(), migration);
  return result;
}

const Migration* applied_dependent(const project::Timeline& timeline, const std::vector<ledger::Entry>& history,
                                   const Migration& migration) {
  for (const auto* dependent : timeline.dependents_of(migration)) {
    if (is_applied(history, *dependent)) return dependent;
  }
  return nullptr;
}

}  // namespace

std::vector<Verification> verify(const db::Database& database, ledger::Ledger& ledger,
                                 const project::Timeline& timeline, const std::optional<std::string>& name) {
  const auto history = ledger::read_history(ledger);
  std::vector<const Migration*> chosen;
  if (name) {
    const Migration& migration = timeline.find(*name);
    const bool has_run = ledger::read_latest_run(ledger, migration.version).has_value();
    if (!is_applied(history, migration) && !has_run) {
      throw Error(Code::kNotFound, fmt::format("{} has not been applied to this database", migration.name))
          .hint(migration.kind == Kind::kData ? fmt::format("first: weir run {}", migration.name)
                                              : "first: weir migrate");
    }
    chosen.push_back(&migration);
  } else {
    for (const auto& migration : timeline.migrations()) {
      const bool verifiable =
          migration.kind == Kind::kData || migration.first(project::SectionKind::kVerify) != nullptr;
      if (verifiable && is_applied(history, migration)) chosen.push_back(&migration);
    }
  }
  std::vector<Verification> results;
  for (const auto* migration : chosen) {
    try {
      results.push_back(measure(database, ledger, *migration));
    } catch (const Error& error) {
      // A contract may have dropped the column that the query reads; its gate measured 0 before it did.
      const Migration* closed_by = applied_dependent(timeline, history, *migration);
      if (closed_by == nullptr || (error.code() != Code::kUndefinedObject && error.code() != Code::kNotFound)) throw;
      results.push_back({migration, std::nullopt, std::nullopt, closed_by});
    }
  }
  return results;
}

}  // namespace weir::migrate
