// URL -> Database: the one list of the engines that this program knows.
#pragma once

#include <memory>
#include <string_view>

#include "db/database.hpp"
#include "db/url.hpp"

namespace weir::engines {

// Opens nothing yet. `base_directory` resolves a relative SQLite path.
// Errors: kConfig for an unknown scheme or option, with the nearest known one.
std::unique_ptr<db::Database> open_database(const db::Url& url, std::string_view base_directory);

}  // namespace weir::engines
