#include "migrate/rollback.hpp"

#include "adopt/files.hpp"
#include "cli/commands.hpp"
#include "cli/deploy_view.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

// Prints each as soon as it is undone; with --json everything comes at the end.
class UndonePrinter final : public DeployView {
 public:
  explicit UndonePrinter(const Context& context) : context_(context) {}
  void on_rolled_back(const migrate::RolledBack& one) override {
    if (!context_.global.json) context_.print(report::to_text(one, context_.colour));
  }

 private:
  const Context& context_;
};

migrate::RollbackOptions request_of(const Context& context, const RollbackOptions& options) {
  using Kind = migrate::Resolution::Kind;
  migrate::RollbackOptions request;
  request.steps = options.steps.value_or(1);
  if (options.to) request.to = project::Version(*options.to);
  request.lock_wait = options.lock_wait;
  request.actor = context.actor;
  for (const auto& one : options.skip_statement) request.resolutions.push_back({Kind::kSkipStatement, one});
  for (const auto& one : options.repeat_statement) request.resolutions.push_back({Kind::kRepeatStatement, one});
  return request;
}

}  // namespace

int run_command(const Context& context, const RollbackOptions& options) {
  const auto database = context.open_existing_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  UndonePrinter printer(context);
  const auto undone = migrate::roll_back(*database, context.config, timeline, context.clock, context.stop, printer,
                                         request_of(context, options));
  if (context.global.json) {
    context.print(report::to_json(undone));
  } else if (undone.empty()) {
    context.print("nothing to roll back: no schema migration is applied\n");
  }
  return 0;
}

}  // namespace weir::cli
