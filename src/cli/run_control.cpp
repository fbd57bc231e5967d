#include "cli/run_control.hpp"

#include <cstdio>
#include <fmt/format.h>

#include "backfill/images.hpp"
#include "base/error.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace weir::cli {

ledger::Run control_run(const Context& context, const std::string& name,
                        const std::function<ledger::Run(ledger::Ledger&, const ledger::Run&)>& act) {
  const auto database = context.open_existing_database();
  const auto connection = database->connect(db::Purpose::kControl);
  auto ledger = ledger::Ledger::open_existing(*database, *connection);
  const ledger::Run run = act(ledger, backfill::find_run(ledger, name));
  const auto status = report::read_run_status(ledger, run);
  context.print(context.global.json ? report::to_json(status) : report::to_text(status, context.colour));
  return run;
}

void drop_expired_images(const Context& context, const db::Database& database) {
  if (const auto error = backfill::drop_expired_images(database, context.config.keep_days, context.actor))
    std::fputs(fmt::format("warning: old values could not be dropped: {}\n", error->message()).c_str(), stderr);
}

}  // namespace weir::cli
