#include "backfill/carried_parameters.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace weir::backfill {
namespace {

// As somebody would have given it: resolve_parameters() takes words for booleans.
std::string as_given(const std::string& value, db::ParameterType type) {
  if (type != db::ParameterType::kBoolean) return value;
  if (value == "1") return "true";
  return value == "0" ? "false" : value;
}

}  // namespace

ParameterValues carry_parameters(const project::Migration& migration, const ledger::Run& run,
                                 const ParameterValues& given) {
  const ParameterValues began_with = decode_parameters(run.parameters);
  ParameterValues wanted = given;
  for (const auto& parameter : migration.data.parameters) {
    const auto kept = began_with.find(parameter.name);
    if (kept != began_with.end()) wanted.try_emplace(parameter.name, as_given(kept->second, parameter.type));
  }
  ParameterValues values = resolve_parameters(migration, wanted);
  for (const auto& [name, value] : began_with) {
    if (!values.contains(name) || values[name] == value) continue;
    throw Error(Code::kUsage, fmt::format("run {} #{} has other parameters", run.name, run.id.attempt))
        .hint("leave --param out to keep them, or begin a new run with --restart");
  }
  return values;
}

Error changed_since(const project::Migration& migration, const ledger::Run& run) {
  return Error(Code::kDefinitionChanged, fmt::format("{} changed since run {} #{} began ({} rows done)", migration.file,
                                                     run.name, run.id.attempt, human_count(run.rows_done)));
}

}  // namespace weir::backfill
