#include "migrate/rollback.hpp"

#include "adopt/files.hpp"
#include "cli/commands.hpp"
#include "report/json.hpp"

namespace weir::cli {

int run_command(const Context& context, const RollbackOptions& options) {
  const auto database = context.open_existing_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  migrate::RollbackOptions request;
  request.steps = options.steps.value_or(1);
  if (options.to) request.to = project::Version(*options.to);
  request.lock_wait = options.lock_wait;
  request.actor = context.actor;
  const auto undone = migrate::roll_back(*database, context.config, timeline, context.clock, context.stop, request);
  if (context.global.json) {
    context.print(report::to_json(undone));
    return 0;
  }
  for (const auto& one : undone) context.print(report::to_text(one, context.colour));
  if (undone.empty()) context.print("nothing to roll back: no schema migration is applied\n");
  return 0;
}

}  // namespace weir::cli
