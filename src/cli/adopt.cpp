#include <cstdio>
#include <filesystem>
#include <fmt/format.h>

#include "adopt/adoption.hpp"
#include "adopt/files.hpp"
#include "adopt/settings.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "migrate/deploy_lock.hpp"
#include "report/adoption.hpp"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

adopt::Tool choose_tool(const AdoptOptions& options, const project::Config& config, db::Connection& connection) {
  if (options.from) return adopt::tool_named(*options.from);
  if (const auto known = adopt::former_tool(config)) return *known;
  const auto found = adopt::find_tools(connection);
  if (found.size() == 1) return found[0];
  if (found.empty())
    throw Error(Code::kNotFound, "the database has no history table of a tool that weir knows")
        .hint(
            "looked for schema_migrations, goose_db_version, _sqlx_migrations and flyway_schema_history; to record "
            "what a database without one already has: weir baseline --to VERSION");
  std::string names;
  for (const auto tool : found) names += (names.empty() ? "" : ", ") + std::string(adopt::to_string(tool));
  throw Error(Code::kUsage, fmt::format("the database has history tables of several tools: {}", names))
      .hint(fmt::format("say which one: weir adopt --from {}", adopt::to_string(found[0])));
}

std::string choose_folder(const AdoptOptions& options, const project::Config& config, adopt::Tool tool) {
  if (options.folder) {
    const fs::path folder = fs::path(*options.folder).lexically_normal();
    return folder.is_absolute() ? folder.lexically_relative(config.root).string() : folder.string();
  }
  if (config.adopted && adopt::former_tool(config) == tool) return config.adopted->folder;
  if (const auto found = adopt::find_folder(tool, config)) return *found;
  throw Error(Code::kNotFound, fmt::format("no folder with migrations of {} was found", adopt::to_string(tool)))
      .hint("say where they are: weir adopt --dir FOLDER");
}

adopt::History read_history(adopt::Tool tool, const db::Database& database, db::Connection& connection) {
  auto history = adopt::read_history(tool, connection, database.dialect());
  if (history) return std::move(*history);
  throw Error(Code::kNotFound,
              fmt::format("there is no table {} of {}", adopt::history_table(tool), adopt::to_string(tool)))
      .hint("check the database URL and the search path");
}

}  // namespace

int run_command(const Context& context, const AdoptOptions& options) {
  const auto database = context.open_existing_database();
  const auto connection = database->connect(options.dry_run ? db::Purpose::kRead : db::Purpose::kControl);
  const auto tool = choose_tool(options, context.config, *connection);
  project::Config config = context.config;
  const bool kept = config.adopted && config.adopted->keep_history;
  config.adopted = {std::string(adopt::to_string(tool)), choose_folder(options, context.config, tool),
                    options.keep_history || kept};
  const std::string& folder = config.adopted->folder;
  const auto timeline = adopt::load_timeline(config, database->dialect());
  // Before anything is made.
  if (const auto before = read_history(tool, *database, *connection); before.unfinished)
    adopt::refuse_unfinished(*before.unfinished);
  std::unique_ptr<db::DeployLock> lock, former_lock;
  std::optional<ledger::Ledger> ledger;
  if (options.dry_run) {
    ledger = ledger::Ledger::open(*database, *connection);
  } else {
    const auto say = [](const std::string& holder) { std::fputs(("waiting for " + holder + "\n").c_str(), stderr); };
    lock = migrate::wait_for_deploy_lock(*database, context.clock, context.stop, options.lock_wait, context.actor, say);
    former_lock = migrate::wait_for_former_lock(*database, *connection, tool, context.clock, context.stop,
                                                options.lock_wait, context.actor, say);
    ledger = ledger::Ledger::open_or_create(*database, *connection);
  }
  const auto history = read_history(tool, *database, *connection);
  const auto adoption = adopt::plan_adoption(tool, config, folder, timeline, history, ledger ? &*ledger : nullptr);
  if (const auto* problem = adoption.unfinished()) adopt::refuse_unfinished(*problem);
  if (!options.dry_run) {
    adopt::record(*ledger, adoption, context.actor);
    // Behind the ledger: with these settings and without a record, `weir migrate` refuses to work.
    adopt::write_settings(config, *config.adopted);
  }
  const report::AdoptionView view{adoption, config.adopted->keep_history, options.dry_run};
  context.print(context.global.json ? report::to_json(view) : report::to_text(view));
  return 0;
}

}  // namespace weir::cli
