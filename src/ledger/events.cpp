#include "ledger/events.hpp"

#include <fmt/format.h>

namespace weir::ledger {
namespace {

constexpr const char* kFind = "SELECT 1 FROM :weir_events WHERE kind = :kind AND version = :version LIMIT 1";

}  // namespace

void record_event(Ledger& ledger, const std::string& actor, std::string_view kind, const project::Version& version,
                  std::optional<std::int64_t> attempt, const std::string& detail) {
  record_events(ledger, actor, {{std::string(kind), version, detail, attempt}});
}

void record_events(Ledger& ledger, const std::string& actor, const std::vector<Event>& events) {
  std::string sql = "INSERT INTO :weir_events (at_ms, actor, kind, version, attempt, detail) VALUES ";
  db::Bindings values;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string number = std::to_string(i);
    sql += (i == 0 ? "" : ", ") + fmt::format("(:now, :actor{0}, :kind{0}, :version{0}, :attempt{0}, :detail{0})", i);
    values.emplace_back("actor" + number, actor);
    values.emplace_back("kind" + number, events[i].kind);
    const auto& version = events[i].version;
    values.emplace_back("version" + number, version.text().empty() ? std::string() : version.key());
    values.emplace_back("attempt" + number, events[i].attempt ? db::Value(*events[i].attempt) : db::Value());
    values.emplace_back("detail" + number, events[i].detail);
  }
  ledger.execute(sql, values);
}

bool has_event(Ledger& ledger, std::string_view kind, const project::Version& version) {
  return !ledger.execute(kFind, {{"kind", std::string(kind)}, {"version", version.key()}}).rows.empty();
}

}  // namespace weir::ledger
