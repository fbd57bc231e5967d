#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/run_control.hpp"

namespace weir::cli {

int run_command(const Context& context, const PauseOptions& options) {
  const auto run = control_run(context, options.name, [&](ledger::Ledger& ledger, const ledger::Run& found) {
    return backfill::pause_run(ledger, found, context.actor, {context.clock, context.stop});
  });
  if (run.state == ledger::RunState::kPaused) return 0;
  return context.stop.requested() ? exit_code(Code::kInterrupted) : 1;
}

}  // namespace weir::cli
