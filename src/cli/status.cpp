#include "report/status.hpp"

#include "adopt/adoption.hpp"
#include "adopt/files.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "migrate/deployer.hpp"
#include "report/json.hpp"

namespace weir::cli {

int run_command(const Context& context, const StatusOptions&) {
  const auto database = context.open_database();
  const auto connection = database->exists() ? database->connect(db::Purpose::kRead) : nullptr;
  const auto unfinished =
      connection ? adopt::find_unfinished(context.config, *connection, database->dialect()) : std::nullopt;
  // Before it is adopted there is nothing of weir to show.
  if (unfinished && !context.config.adopted) adopt::refuse_unfinished(*unfinished);
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  auto ledger = connection ? ledger::Ledger::open(*database, *connection) : std::nullopt;
  auto status = report::build_status(*database, ledger ? &*ledger : nullptr, timeline, context.clock.wall());
  status.unfinished = unfinished;
  context.print(context.global.json ? report::to_json(status) : report::to_text(status, context.colour));
  if (!status.unfinished) return 0;
  if (context.global.json) return exit_code(Code::kInDoubt);
  adopt::refuse_unfinished(*status.unfinished);
}

}  // namespace weir::cli
