// MySQL (8.0 and newer) and MariaDB (10.5 and newer) behind MariaDB Connector/C.
#pragma once

#include <memory>

#include "db/database.hpp"
#include "db/url.hpp"

namespace weir::engines::mysql {

// Opens nothing yet. Errors: kConfig for an option that is not known.
std::unique_ptr<db::Database> make_database(const db::Url& url);

}  // namespace weir::engines::mysql
