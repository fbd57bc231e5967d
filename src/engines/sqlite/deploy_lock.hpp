// The deploy lock of SQLite: an flock on a file beside the database. The kernel releases it when its holder dies,
// however it dies, and it works between containers that share the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/database.hpp"

namespace weir::engines::sqlite {

db::LockAttempt try_deploy_lock(const std::string& database_path, std::string_view actor);
// The file: beside the database, links resolved. It exists while somebody deploys.
std::string deploy_lock_path(const std::string& database_path);
std::optional<db::LockHolder> deploy_lock_holder(const std::string& database_path);

}  // namespace weir::engines::sqlite
