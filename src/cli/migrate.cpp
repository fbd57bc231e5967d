#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

#include "adopt/files.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/deploy_view.hpp"
#include "cli/dump.hpp"
#include "migrate/deployer.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

// Prints each step as soon as it is done; with --json everything comes at the end.
class StepPrinter final : public DeployView {
 public:
  StepPrinter(const Context& context, bool dry_run) : context_(context), dry_run_(dry_run) {}
  void on_result(const migrate::StepResult& result) override {
    done_.push_back(result);
    if (!context_.global.json) context_.print(report::to_text(result, dry_run_, context_.colour));
  }
  const std::vector<migrate::StepResult>& done() const { return done_; }

 private:
  const Context& context_;
  bool dry_run_;
  std::vector<migrate::StepResult> done_;
};

std::vector<migrate::Resolution> resolutions_of(const MigrateOptions& options) {
  using Kind = migrate::Resolution::Kind;
  std::vector<migrate::Resolution> resolutions;
  for (const auto& one : options.skip_statement) resolutions.push_back({Kind::kSkipStatement, one});
  for (const auto& one : options.repeat_statement) resolutions.push_back({Kind::kRepeatStatement, one});
  for (const auto& one : options.mark_applied) resolutions.push_back({Kind::kMarkApplied, one});
  if (options.dry_run && !resolutions.empty())
    throw Error(Code::kUsage, "--dry-run writes nothing, --skip-statement, --repeat-statement and --mark-applied do")
        .hint("leave one of them out");
  return resolutions;
}

}  // namespace

int run_command(const Context& context, const MigrateOptions& options) {
  const auto database = context.open_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  StepPrinter printer(context, options.dry_run);
  migrate::DeployOutcome outcome;
  try {
    outcome = migrate::deploy(*database, context.config, timeline, context.clock, context.stop, printer,
                              {options.dry_run, options.lock_wait, context.actor,
                               options.late_too ? std::optional(project::Config::OutOfOrder::kApply) : std::nullopt,
                               resolutions_of(options)});
  } catch (const Error& error) {
    if (!context.global.json) throw;
    context.print(report::to_json(error, printer.done()));
    return exit_code(error.code());
  }
  if (context.global.json) {
    context.print(report::to_json(outcome, options.dry_run));
  } else {
    constexpr std::size_t kShown = 10;
    const auto& all = outcome.discrepancies;
    for (std::size_t i = 0; i < std::min(kShown, all.size()); ++i)
      std::fputs(report::to_text(all[i], context.error_colour).c_str(), stderr);
    if (all.size() > kShown)
      std::fputs(fmt::format("warning: and {} more; `weir status` shows them\n", all.size() - kShown).c_str(), stderr);
    context.print(report::summary(outcome, options.dry_run));
  }
  if (!options.dry_run) dump_after_migrate(context, *database);
  return options.strict && outcome.count(migrate::Action::kWait) > 0 ? exit_code(Code::kGateClosed) : 0;
}

}  // namespace weir::cli
