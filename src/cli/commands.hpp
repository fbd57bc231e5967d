// One function per command, each in a file of its name. They return the exit code and throw Error for everything that
// failed.
#pragma once

#include "cli/context.hpp"
#include "cli/options.hpp"

namespace weir::cli {

int run_command(const Context& context, const Printed& options);
int run_command(const Context& context, const InitOptions& options);
int run_command(const Context& context, const NewSchemaOptions& options);
int run_command(const Context& context, const NewDataOptions& options);
int run_command(const Context& context, const MigrateOptions& options);
int run_command(const Context& context, const RollbackOptions& options);
int run_command(const Context& context, const BaselineOptions& options);
int run_command(const Context& context, const AdoptOptions& options);
int run_command(const Context& context, const RedoOptions& options);
int run_command(const Context& context, const StatusOptions& options);
int run_command(const Context& context, const RunOptions& options);
int run_command(const Context& context, const PauseOptions& options);
int run_command(const Context& context, const ResumeOptions& options);
int run_command(const Context& context, const CancelOptions& options);
int run_command(const Context& context, const TuneOptions& options);
int run_command(const Context& context, const QuarantineOptions& options);
int run_command(const Context& context, const WatchOptions& options);
int run_command(const Context& context, const UndoOptions& options);
int run_command(const Context& context, const WorkerOptions& options);
int run_command(const Context& context, const VerifyOptions& options);
int run_command(const Context& context, const InspectOptions& options);
int run_command(const Context& context, const DumpOptions& options);
int run_command(const Context& context, const DoctorOptions& options);

}  // namespace weir::cli
