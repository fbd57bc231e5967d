#include "ledger/events.hpp"

namespace weir::ledger {
namespace {

constexpr const char* kInsert = R"sql(
INSERT INTO :weir_events (at_ms, actor, kind, version, attempt, detail)
VALUES (:now, :actor, :kind, :version, :attempt, :detail))sql";

constexpr const char* kFind = "SELECT 1 FROM :weir_events WHERE kind = :kind AND version = :version LIMIT 1";

}  // namespace

void record_event(Ledger& ledger, const std::string& actor, std::string_view kind, const project::Version& version,
                  std::optional<std::int64_t> attempt, const std::string& detail) {
  ledger.execute(kInsert, {{"actor", actor},
                           {"kind", std::string(kind)},
                           {"version", version.text().empty() ? std::string() : version.key()},
                           {"attempt", attempt ? db::Value(*attempt) : db::Value()},
                           {"detail", detail}});
}

bool has_event(Ledger& ledger, std::string_view kind, const project::Version& version) {
  return !ledger.execute(kFind, {{"kind", std::string(kind)}, {"version", version.key()}}).rows.empty();
}

}  // namespace weir::ledger
