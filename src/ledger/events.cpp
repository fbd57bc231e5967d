#include "ledger/events.hpp"

namespace weir::ledger {
namespace {

constexpr const char* kInsert = R"sql(
INSERT INTO :weir_events (at_ms, actor, kind, version, attempt, detail)
VALUES (:now, :actor, :kind, :version, :attempt, :detail))sql";

}  // namespace

void record_event(Ledger& ledger, const std::string& actor, std::string_view kind, const project::Version& version,
                  std::optional<std::int64_t> attempt, const std::string& detail) {
  ledger.execute(kInsert, {{"actor", actor},
                           {"kind", std::string(kind)},
                           {"version", version.text()},
                           {"attempt", attempt ? db::Value(*attempt) : db::Value()},
                           {"detail", detail}});
}

}  // namespace weir::ledger
