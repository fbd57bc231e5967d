#include "db/database.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace weir::db {
namespace {

class NoLock final : public DeployLock {
 public:
  bool held() override { return true; }
};

}  // namespace

LockAttempt Database::try_foreign_lock(const ForeignLockOf&, std::string_view) const {
  return {std::make_unique<NoLock>(), std::nullopt};
}

std::string Database::exact_value(const Column&, std::string_view) const { return {}; }

SchemaDump Database::dump_schema(const std::vector<sql::TableName>&) const {
  throw Error(Code::kNotAvailable, fmt::format("weir cannot dump the schema of {} yet", engine_name()));
}

}  // namespace weir::db
