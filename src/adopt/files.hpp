// Another tool's migration files as migrations of weir. They stay where they are.
#pragma once

#include "adopt/tool.hpp"
#include "project/timeline.hpp"

namespace weir::adopt {

// The files of the tool. Errors: as project::load_timeline(); kNotFound when the folder is not there.
std::vector<project::Migration> load_files(Tool tool, const project::Config& config, const std::string& folder,
                                           const sql::Dialect& dialect);

// Every migration of the project: weir's own and, in an adopted project, the former tool's. Errors: the same.
project::Timeline load_timeline(const project::Config& config, const sql::Dialect& dialect);

}  // namespace weir::adopt
