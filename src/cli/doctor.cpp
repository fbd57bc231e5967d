#include "report/doctor.hpp"

#include "base/error.hpp"
#include "cli/commands.hpp"

namespace weir::cli {

int run_command(const Context& context, const DoctorOptions&) {
  const auto database = context.open_database();
  const auto examination = report::examine(*database, context.config, context.clock);
  context.print(context.global.json ? report::to_json(examination) : report::to_text(examination, context.colour));
  return examination.has_problem() ? 1 : 0;
}

}  // namespace weir::cli
