#include "adopt/files.hpp"
#include "cli/commands.hpp"
#include "migrate/deploy_lock.hpp"
#include "migrate/resolve.hpp"
#include "report/json.hpp"

namespace weir::cli {

int run_command(const Context& context, const BaselineOptions& options) {
  const auto database = context.open_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  const auto lock = migrate::wait_for_deploy_lock(*database, context.clock, context.stop, options.lock_wait,
                                                  context.actor, [](const std::string&) {});
  const auto connection = database->connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open_or_create(*database, *connection);
  const auto marked = migrate::baseline(ledger, timeline, project::Version(options.to), context.actor);
  context.print(context.global.json ? report::baseline_to_json(marked)
                                    : report::baseline_to_text(marked, context.colour));
  return 0;
}

}  // namespace weir::cli
