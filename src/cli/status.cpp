#include "report/status.hpp"

#include "base/error.hpp"
#include "adopt/adoption.hpp"
#include "adopt/files.hpp"
#include "cli/commands.hpp"
#include "migrate/deployer.hpp"
#include "report/json.hpp"

namespace weir::cli {

int run_command(const Context& context, const StatusOptions&) {
  const auto database = context.open_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  const auto connection = database->exists() ? database->connect(db::Purpose::kRead) : nullptr;
  auto ledger = connection ? ledger::Ledger::open(*database, *connection) : std::nullopt;
  auto status = report::build_status(*database, ledger ? &*ledger : nullptr, timeline, context.clock.wall());
  if (connection) status.unfinished = adopt::find_unfinished(context.config, *connection, database->dialect());
  context.print(context.global.json ? report::to_json(status) : report::to_text(status, context.colour));
  if (!status.unfinished) return 0;
  if (context.global.json) return exit_code(Code::kInDoubt);
  adopt::refuse_unfinished(*status.unfinished);
}

}  // namespace weir::cli
