// SQLite (3.35 and newer) behind libsqlite3.
#pragma once

#include <memory>
#include <string_view>

#include "db/database.hpp"
#include "db/url.hpp"

namespace weir::engines::sqlite {

// sqlite:relative/path (from `base_directory`), sqlite:/abs, sqlite:///abs. Opens nothing yet. Errors: kConfig.
std::unique_ptr<db::Database> make_database(const db::Url& url, std::string_view base_directory);

}  // namespace weir::engines::sqlite
