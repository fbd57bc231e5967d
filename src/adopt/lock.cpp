#include "adopt/lock.hpp"

#include <fmt/format.h>

#include "adopt/checksum.hpp"

namespace weir::adopt {
namespace {

// Source: golang-migrate, database/util.go: GenerateAdvisoryLockId(), and the drivers that call it
db::ForeignLock golang_migrate_lock(const sql::TableName& table, const std::string& database) {
  constexpr std::uint32_t kSalt = 1486364155;
  const std::string separator(1, '\0');
  const std::uint32_t number = crc32(table.schema + separator + table.name + separator + database) * kSalt;
  const std::uint32_t named = crc32(database + ":" + table.name) * kSalt;
  return {number, fmt::format("{}", named)};
}

// Source: Rails, active_record/migration.rb: generate_migrator_advisory_lock_id()
db::ForeignLock rails_lock(const std::string& database) {
  constexpr std::int64_t kSalt = 2053462845;
  const std::int64_t number = kSalt * std::int64_t{crc32(database)};
  return {number, fmt::format("{}", number)};
}

// Source: sqlx, generate_lock_id() of each driver's migrate.rs
db::ForeignLock sqlx_lock(const std::string& database) {
  constexpr std::int64_t kSalt = 0x3d32ad9e;
  const std::int64_t number = kSalt * std::int64_t{crc32(database)};
  return {number, fmt::format("{:x}", number)};
}

// String.hashCode() of Java, for ASCII.
std::int32_t java_hash(std::string_view text) {
  std::uint32_t hash = 0;
  for (const char byte : text) hash = hash * 31U + static_cast<unsigned char>(byte);
  return static_cast<std::int32_t>(hash);
}

// Source: Flyway, PostgreSQLAdvisoryLockTemplate.java, MySQLNamedLockTemplate.java
db::ForeignLock flyway_lock(const std::string& quoted_table) {
  constexpr std::int64_t kMagic = 0x466C79776179;  // "Flyway"
  const std::int32_t hash = java_hash(quoted_table);
  return {kMagic + hash, fmt::format("Flyway-{}", hash)};
}

}  // namespace

std::optional<db::ForeignLockOf> lock_of(Tool tool, const sql::TableName& table, const sql::Dialect& dialect) {
  switch (tool) {
    case Tool::kDbmate:
    case Tool::kGoose: return std::nullopt;
    case Tool::kRails: return rails_lock;
    case Tool::kSqlx: return sqlx_lock;
    case Tool::kGolangMigrate:
      return [table](const std::string& database) { return golang_migrate_lock(table, database); };
    case Tool::kFlyway:
      return [quoted = sql::quote(dialect, table)](const std::string&) { return flyway_lock(quoted); };
  }
  return std::nullopt;
}

}  // namespace weir::adopt
