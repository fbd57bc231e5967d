// The audit trail: append only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger/ledger.hpp"
#include "project/version.hpp"

namespace weir::ledger {

struct Event {
  std::string kind;  // a verb in the past: "applied", "rolled-back", "run-started", ...
  project::Version version;
  std::string detail;  // no bound value and no secret
  std::optional<std::int64_t> attempt = std::nullopt;
};
// All with one INSERT.
void record_events(Ledger& ledger, const std::string& actor, const std::vector<Event>& events);
void record_event(Ledger& ledger, const std::string& actor, std::string_view kind, const project::Version& version,
                  std::optional<std::int64_t> attempt, const std::string& detail);

// Whether such an event was ever recorded for the migration.
bool has_event(Ledger& ledger, std::string_view kind, const project::Version& version);

}  // namespace weir::ledger
