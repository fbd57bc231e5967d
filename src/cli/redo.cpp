#include "cli/commands.hpp"

namespace weir::cli {

int run_command(const Context& context, const RedoOptions& options) {
  RollbackOptions back;
  back.lock_wait = options.lock_wait;
  // One document on stdout: with --json that of the deploy, which lists what was applied again.
  Context quiet = context;
  quiet.silent = context.global.json;
  if (const int code = run_command(quiet, back); code != 0) return code;
  MigrateOptions again;
  again.lock_wait = options.lock_wait;
  again.late_too = true;  // what was just rolled back may be older than what stays
  return run_command(context, again);
}

}  // namespace weir::cli
