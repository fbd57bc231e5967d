#include "report/status.hpp"

#include "adopt/adoption.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "report/json.hpp"

namespace weir::cli {

int run_command(const Context& context, const StatusOptions&) {
  const auto database = context.open_database();
  const auto status = report::read_status(*database, context.config, context.clock.wall());
  context.print(context.global.json ? report::to_json(status) : report::to_text(status, context.colour));
  if (!status.unfinished) return 0;
  if (context.global.json) return exit_code(Code::kInDoubt);
  adopt::refuse_unfinished(*status.unfinished);
}

}  // namespace weir::cli
