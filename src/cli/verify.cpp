#include "migrate/verify.hpp"

#include <algorithm>

#include "adopt/files.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "report/json.hpp"

namespace weir::cli {

int run_command(const Context& context, const VerifyOptions& options) {
  const auto database = context.open_existing_database();
  const auto timeline = adopt::load_timeline(context.config, database->dialect());
  const auto connection = database->connect(db::Purpose::kRead);
  auto ledger = ledger::Ledger::open_existing(*database, *connection);
  const auto results = migrate::verify(*database, ledger, timeline, options.name);
  const bool clean = std::all_of(results.begin(), results.end(), [](const auto& r) { return r.clean(); });
  if (context.global.json) {
    context.print(report::to_json(results));
  } else {
    for (const auto& result : results) context.print(report::to_text(result, context.colour));
    if (results.empty())
      context.print("nothing to verify: no data migration is complete and no migration has migrate:verify\n");
  }
  return clean ? 0 : exit_code(Code::kVerificationFailed);
}

}  // namespace weir::cli
