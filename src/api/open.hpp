// The database of a project, by the URL that its configuration found.
#pragma once

#include <memory>

#include "db/database.hpp"
#include "project/config.hpp"

namespace weir::api {

// Opens no connection yet. Errors: kConfig when no URL is set anywhere, or it cannot be used.
std::unique_ptr<db::Database> open_database(const project::Config& config);

// For what needs a database that `weir migrate` made before. Errors: kNotFound.
void refuse_missing(const db::Database& database, const project::Config& config);

}  // namespace weir::api
