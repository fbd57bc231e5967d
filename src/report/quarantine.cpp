#include "report/quarantine.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace weir::report {
namespace {

using nlohmann::ordered_json;

ordered_json document(const ledger::Run& run) {
  return {{"schema", 1}, {"name", run.name}, {"version", run.id.version.text()}, {"attempt", run.id.attempt}};
}

std::string dump(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string to_text(const ledger::Run& run, const std::vector<ledger::QuarantinedRow>& rows) {
  if (rows.empty()) return fmt::format("no row of {} is in quarantine\n", run.name);
  std::string text;
  for (const auto& row : rows)
    text += fmt::format("{}  {}  {} {}: {}\n", to_iso8601(row.at), db::encode_key(row.key), row.code, row.native,
                        row.message);
  const bool over = run.state == ledger::RunState::kCancelling || ledger::is_final(run.state);
  const std::string next = over ? fmt::format("The run is {}: a new one looks at them again", to_string(run.state))
                                : fmt::format("Mend the cause, then: weir quarantine retry {}", run.name);
  return text + fmt::format("{} row{} of {}, by ({}). {}\n", rows.size(), rows.size() == 1 ? "" : "s", run.table,
                            fmt::join(run.key_columns, ", "), next);
}

std::string to_json(const ledger::Run& run, const std::vector<ledger::QuarantinedRow>& rows) {
  ordered_json json = document(run);
  json["table"] = run.table;
  json["key"] = run.key_columns;
  json["rows"] = ordered_json::array();
  for (const auto& row : rows) {
    json["rows"].push_back({{"key", ordered_json::parse(db::encode_key(row.key), nullptr, false)},
                            {"code", row.code},
                            {"sqlstate", row.native},
                            {"message", row.message},
                            {"at", to_iso8601(row.at)},
                            {"actor", row.actor}});
  }
  return dump(json);
}

std::string to_text(const ledger::Run& run, const backfill::Retried& retried) {
  std::string text =
      fmt::format("{} processed, {} failed again", human_count(retried.processed), human_count(retried.failed));
  if (retried.elsewhere > 0)
    text += fmt::format(", {} taken out by others in this moment", human_count(retried.elsewhere));
  if (retried.left > 0) text += fmt::format(", {} not tried", human_count(retried.left));
  if (retried.failed + retried.left == 0) return text + fmt::format(". Complete it with: weir run {}\n", run.name);
  return text + fmt::format(". weir quarantine list {} shows why\n", run.name);
}

std::string to_json(const ledger::Run& run, const backfill::Retried& retried) {
  ordered_json json = document(run);
  json["processed"] = retried.processed;
  json["failed"] = retried.failed;
  json["elsewhere"] = retried.elsewhere;
  json["left"] = retried.left;
  return dump(json);
}

std::string discarded_to_text(const ledger::Run& run, std::int64_t rows) {
  return fmt::format("{} taken out of quarantine, unchanged. weir run {} tells whether the data is complete\n",
                     human_count(rows), run.name);
}

std::string discarded_to_json(const ledger::Run& run, std::int64_t rows) {
  ordered_json json = document(run);
  json["discarded"] = rows;
  return dump(json);
}

}  // namespace weir::report
