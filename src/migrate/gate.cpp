#include "migrate/gate.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "migrate/decide.hpp"
#include "migrate/facts.hpp"

namespace weir::migrate {

void check_gate(const db::Database& database, ledger::Ledger& ledger, const project::Timeline& timeline,
                const project::Migration& migration) {
  constexpr std::int64_t kNothingInline = 0;  // nothing is decided here that depends on it
  DatabaseFacts facts(database, &ledger.connection(), &ledger, timeline, kNothingInline, nullptr);
  Decider decider(timeline, ledger::read_snapshot(ledger), database.dialect(), facts);
  const auto blockers = decider.blockers_of(migration);
  if (blockers.empty()) return;
  std::string waits;
  for (const auto& blocker : blockers)
    waits += fmt::format("{}{} ({})", waits.empty() ? "" : ", ", blocker.migration->name, blocker.reason);
  const bool data = blockers.front().migration->kind == project::Kind::kData;
  throw Error(Code::kGateClosed, fmt::format("{} waits for {}", migration.name, waits))
      .hint(data ? fmt::format("first: weir run {}", blockers.front().migration->name) : "first: weir migrate");
}

}  // namespace weir::migrate
