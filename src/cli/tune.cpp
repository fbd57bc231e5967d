#include <cstdio>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/run_control.hpp"

namespace weir::cli {
namespace {

std::int64_t parse_setting(const std::string& name, const std::string& text) {
  if (const auto value = parse_integer(text)) return *value;
  throw Error(Code::kUsage, fmt::format("{} is a number", name));
}

std::int64_t parse_batch(const std::string& text) {
  if (text == "auto") return ledger::Tuning::kFollowsTime;
  const auto rows = parse_integer(text);
  if (rows && *rows > 0) return *rows;
  throw Error(Code::kUsage, "batch is `auto` or a number of rows from 1");
}

ledger::Tuning parse_tuning(const std::map<std::string, std::string>& settings) {
  ledger::Tuning tuning;
  for (const auto& [name, text] : settings) {
    if (name == "batch") {
      tuning.batch_rows = parse_batch(text);
    } else if (name == "workers") {
      tuning.workers = text == "none" ? 0 : parse_setting(name, text);
    } else if (name == "rate" || name == "max_rate") {
      tuning.max_rate = text == "none" ? 0 : parse_setting(name, text);
    } else {
      const auto near = nearest(name, {"batch", "workers", "max_rate"});
      throw Error(Code::kUsage, fmt::format("there is no setting '{}'", name))
          .hint(near ? fmt::format("did you mean '{}'?", *near) : "settings: batch, workers, max_rate");
    }
  }
  backfill::check_tuning(tuning);
  return tuning;
}

}  // namespace

int run_command(const Context& context, const TuneOptions& options) {
  const ledger::Tuning tuning = parse_tuning(options.settings);
  control_run(context, options.name, [&](ledger::Ledger& ledger, const ledger::Run& found) {
    return backfill::tune_run(ledger, found, tuning, context.actor);
  });
  if (tuning.workers.value_or(0) > 1 && !context.open_existing_database()->capabilities().several_writers)
    std::fputs("this database has one writer: one worker does the work\n", stderr);
  return 0;
}

}  // namespace weir::cli
