// The migration tools whose projects weir can take over in place, and how they are told apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.hpp"
#include "project/config.hpp"

namespace weir::adopt {

enum class Tool { kDbmate, kRails, kGoose, kGolangMigrate, kSqlx, kFlyway };
std::string_view to_string(Tool tool);
// Errors: kUsage with the nearest known name.
Tool tool_named(std::string_view name);

// Where the tool records what it applied.
std::string_view history_table(Tool tool);

// The tools whose history table this database has. Three share the name schema_migrations: the column `dirty` says
// golang-migrate, the table ar_internal_metadata beside it Rails.
std::vector<Tool> find_tools(db::Connection& connection);

// The first of the tool's usual folders that holds files of its kind; relative to `config.root`.
std::optional<std::string> find_folder(Tool tool, const project::Config& config);

// The tool of an adopted project. Errors: kConfig.
std::optional<Tool> former_tool(const project::Config& config);

}  // namespace weir::adopt
