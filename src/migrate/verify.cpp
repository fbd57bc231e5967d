#include "migrate/verify.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "ledger/runs.hpp"
#include "migrate/measure.hpp"

namespace weir::migrate {
namespace {

using project::Kind;
using project::Migration;

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
    const Measurement measured = measure(database, ledger, timeline, history, *migration);
    results.push_back({migration, measured.residual, measured.violations, measured.closed_by});
  }
  return results;
}

}  // namespace weir::migrate
