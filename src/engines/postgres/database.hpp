// PostgreSQL (12 and newer) behind libpq.
#pragma once

#include <memory>

#include "db/database.hpp"
#include "db/url.hpp"

namespace weir::engines::postgres {

// Opens nothing yet. Errors: kConfig for an option that libpq does not know.
std::unique_ptr<db::Database> make_database(const db::Url& url);

}  // namespace weir::engines::postgres
