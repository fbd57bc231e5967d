#include "report/adoption.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weir::report {
namespace {

using nlohmann::ordered_json;

void add(ordered_json& list, const std::vector<const project::Migration*>& migrations) {
  for (const auto* one : migrations) list.push_back({{"version", one->version.text()}, {"name", one->name}});
}

std::string line(std::string_view verb, const std::string& version, const std::string& name) {
  return fmt::format("{:<14} {} {}\n", verb, version, name);
}

}  // namespace

std::string to_json(const AdoptionView& view) {
  const auto& adoption = view.adoption;
  ordered_json json{{"schema", 1},
                    {"dry_run", view.dry_run},
                    {"tool", adopt::to_string(adoption.tool)},
                    {"folder", adoption.folder},
                    {"table", adoption.table},
                    {"keep_history", view.keep_history}};
  for (const auto* key : {"adopted", "pending", "missing", "problems"}) json[key] = ordered_json::array();
  add(json["adopted"], adoption.adopted);
  add(json["adopted"], adoption.repeatables);
  add(json["pending"], adoption.pending);
  for (const auto& row : adoption.missing)
    json["missing"].push_back({{"version", row.version.text()}, {"name", row.name}});
  json["known"] = adoption.known;
  for (const auto& problem : adoption.problems)
    json["problems"].push_back({{"kind", problem.kind},
                                {"version", problem.version.text()},
                                {"message", problem.message},
                                {"hint", problem.hint}});
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string to_text(const AdoptionView& view) {
  const auto& adoption = view.adoption;
  std::string text =
      fmt::format("{}: files in {}, history in {}\n", adopt::to_string(adoption.tool), adoption.folder, adoption.table);
  for (const auto* list : {&adoption.adopted, &adoption.repeatables}) {
    for (const auto* one : *list)
      text += line(view.dry_run ? "would adopt" : "adopted", one->version.text(), one->name);
  }
  for (const auto& row : adoption.missing) text += line("without a file", row.version.text(), row.name);
  for (const auto* one : adoption.pending) text += line("pending", one->version.text(), one->name);
  for (const auto& problem : adoption.problems)
    text += fmt::format("warning: {}\n  hint: {}\n", problem.message, problem.hint);
  text += fmt::format("{} {}, {} known before, {} pending; {} {}\n",
                      adoption.adopted.size() + adoption.repeatables.size() + adoption.missing.size(),
                      view.dry_run ? "would be adopted" : "adopted", adoption.known, adoption.pending.size(),
                      adoption.table, view.keep_history ? "will be kept up to date" : "will only be read");
  return text;
}

}  // namespace weir::report
