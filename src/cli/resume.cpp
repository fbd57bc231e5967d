#include "cli/commands.hpp"
#include "cli/run_control.hpp"

namespace weir::cli {

int run_command(const Context& context, const ResumeOptions& options) {
  control_run(context, options.name, [&](ledger::Ledger& ledger, const ledger::Run& found) {
    return backfill::resume_run(ledger, found, context.actor);
  });
  return 0;
}

}  // namespace weir::cli
