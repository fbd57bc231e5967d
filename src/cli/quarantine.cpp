#include "backfill/quarantine.hpp"

#include <fmt/format.h>

#include "adopt/files.hpp"
#include "backfill/control.hpp"
#include "backfill/slice_walk.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "ledger/events.hpp"
#include "report/quarantine.hpp"

namespace weir::cli {
namespace {

struct Opened {
  std::unique_ptr<db::Database> database;
  std::unique_ptr<db::Connection> connection;
  std::optional<ledger::Ledger> ledger;
};

Opened open(const Context& context) {
  Opened opened;
  opened.database = context.open_existing_database();
  opened.connection = opened.database->connect(db::Purpose::kControl);
  opened.ledger = ledger::Ledger::open_existing(*opened.database, *opened.connection);
  return opened;
}

int list(const Context& context, const std::string& name) {
  Opened opened = open(context);
  const auto run = backfill::find_run(*opened.ledger, name);
  const auto rows = ledger::read_quarantine(*opened.ledger, run.id);
  context.print(context.global.json ? report::to_json(run, rows) : report::to_text(run, rows));
  return 0;
}

int retry(const Context& context, const std::string& name) {
  Opened opened = open(context);
  const auto run = backfill::find_run(*opened.ledger, name);
  const auto timeline = adopt::load_timeline(context.config, opened.database->dialect());
  const auto worker = backfill::connect_worker(*opened.database);
  const auto retried =
      backfill::retry_quarantine(*opened.database, *worker, *opened.ledger, timeline.find(name), run, context.stop);
  ledger::record_event(*opened.ledger, context.actor, "quarantine-retried", run.id.version, run.id.attempt,
                       fmt::format("{} processed, {} failed again", retried.processed, retried.failed));
  context.print(context.global.json ? report::to_json(run, retried) : report::to_text(run, retried));
  if (retried.left > 0) return exit_code(Code::kInterrupted);
  return retried.failed == 0 ? 0 : exit_code(Code::kQuarantined);
}

int discard(const Context& context, const std::string& name) {
  Opened opened = open(context);
  const auto run = backfill::find_run(*opened.ledger, name);
  db::Transaction transaction(*opened.connection);
  const auto discarded = ledger::discard_quarantine(*opened.ledger, run.id);
  ledger::record_event(*opened.ledger, context.actor, "quarantine-discarded", run.id.version, run.id.attempt,
                       fmt::format("{} rows", discarded));
  transaction.commit();
  context.print(context.global.json ? report::discarded_to_json(run, discarded)
                                    : report::discarded_to_text(run, discarded));
  return 0;
}

}  // namespace

int run_command(const Context& context, const QuarantineOptions& options) {
  switch (options.action) {
    case QuarantineAction::kList: return list(context, options.name);
    case QuarantineAction::kRetry: return retry(context, options.name);
    case QuarantineAction::kDiscard: return discard(context, options.name);
  }
  return 1;
}

}  // namespace weir::cli
