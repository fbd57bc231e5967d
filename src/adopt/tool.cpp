#include "adopt/tool.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>

#include "adopt/file_name.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::adopt {
namespace {

namespace fs = std::filesystem;

constexpr std::array kTools = {Tool::kDbmate,        Tool::kRails, Tool::kGoose,
                               Tool::kGolangMigrate, Tool::kSqlx,  Tool::kFlyway};

constexpr const char* kFolders[] = {
    "db/migrations", "migrations",          "db/migration", "src/main/resources/db/migration",
    "sql",           "database/migrations", "db/migrate"};

bool has_table(db::Connection& connection, std::string_view name) { return connection.find_table(name).has_value(); }

}  // namespace

std::string_view to_string(Tool tool) {
  switch (tool) {
    case Tool::kDbmate: return "dbmate";
    case Tool::kRails: return "rails";
    case Tool::kGoose: return "goose";
    case Tool::kGolangMigrate: return "golang-migrate";
    case Tool::kSqlx: return "sqlx";
    case Tool::kFlyway: return "flyway";
  }
  return "";
}

Tool tool_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Tool tool : kTools) {
    if (equals_icase(to_string(tool), name)) return tool;
    names.emplace_back(to_string(tool));
  }
  const auto near = nearest(name, names);
  throw Error(Code::kUsage, fmt::format("weir cannot adopt from {}", shown_argument(name)))
      .hint(near ? fmt::format("did you mean '{}'?", *near) : fmt::format("known tools: {}", fmt::join(names, ", ")));
}

std::string_view history_table(Tool tool) {
  switch (tool) {
    case Tool::kDbmate:
    case Tool::kRails:
    case Tool::kGolangMigrate: return "schema_migrations";
    case Tool::kGoose: return "goose_db_version";
    case Tool::kSqlx: return "_sqlx_migrations";
    case Tool::kFlyway: return "flyway_schema_history";
  }
  return "";
}

std::vector<Tool> find_tools(db::Connection& connection) {
  std::vector<Tool> found;
  if (const auto shared = connection.describe_table("schema_migrations"); shared && shared->column("version")) {
    found.push_back(shared->column("dirty")                         ? Tool::kGolangMigrate
                    : has_table(connection, "ar_internal_metadata") ? Tool::kRails
                                                                    : Tool::kDbmate);
  }
  for (const Tool tool : {Tool::kGoose, Tool::kSqlx, Tool::kFlyway}) {
    if (has_table(connection, history_table(tool))) found.push_back(tool);
  }
  return found;
}

std::optional<std::string> find_folder(Tool tool, const project::Config& config) {
  for (const auto* folder : kFolders) {
    std::error_code error;
    for (fs::directory_iterator it(config.root / folder, error), end; !error && it != end; it.increment(error)) {
      if (read_file_name(tool, it->path().filename().string())) return folder;
    }
  }
  return std::nullopt;
}

std::optional<Tool> former_tool(const project::Config& config) {
  if (!config.adopted) return std::nullopt;
  try {
    return tool_named(config.adopted->tool);
  } catch (const Error& error) {
    throw Error(Code::kConfig, error.message()).at({"weir.toml", 0, 0, ""}).hint(error.hint());
  }
}

}  // namespace weir::adopt
