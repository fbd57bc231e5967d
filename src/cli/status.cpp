#include "report/status.hpp"

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "report/json.hpp"

namespace weir::cli {

int run_command(const Context& context, const StatusOptions&) {
  const auto database = context.open_database();
  const auto timeline = project::load_timeline(context.config, database->dialect());
  const auto connection = database->exists() ? database->connect(db::Purpose::kRead) : nullptr;
  auto ledger = connection ? ledger::Ledger::open(*database, *connection) : std::nullopt;
  const auto status = report::build_status(*database, ledger ? &*ledger : nullptr, timeline, context.clock.wall());
  context.print(context.global.json ? report::to_json(status) : report::to_text(status, context.colour));
  return 0;
}

}  // namespace weir::cli
