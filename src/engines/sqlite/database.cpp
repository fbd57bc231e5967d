#include "engines/sqlite/database.hpp"

#include <filesystem>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/deploy_lock.hpp"
#include "engines/sqlite/dialect.hpp"
#include "engines/sqlite/ledger_schema.hpp"
#include "engines/sqlite/schema_dump.hpp"
#include "engines/sqlite/statements.hpp"

namespace weir::engines::sqlite {
namespace {

constexpr db::Capabilities kCapabilities{.transactional_ddl = true, .several_writers = false, .server_sessions = false};

class Database final : public db::Database {
 public:
  explicit Database(OpenOptions options) : options_(std::move(options)) {}

  std::string_view engine_name() const override { return "sqlite"; }
  const db::Capabilities& capabilities() const override { return kCapabilities; }
  const sql::Dialect& dialect() const override { return sqlite::dialect(); }
  std::string display_url() const override { return "sqlite:" + options_.path; }
  bool exists() const override { return std::filesystem::exists(options_.path); }

  std::unique_ptr<db::Connection> connect(db::Purpose purpose) const override {
    return std::make_unique<Connection>(options_, purpose);
  }
  db::LockAttempt try_deploy_lock(std::string_view actor) const override {
    return sqlite::try_deploy_lock(options_.path, actor);
  }
  std::optional<db::LockHolder> deploy_lock_holder() const override {
    return sqlite::deploy_lock_holder(options_.path);
  }

  std::string now_ms() const override { return "CAST((julianday('now') - 2440587.5) * 86400000 AS integer)"; }
  std::vector<db::LedgerTable> ledger_schema() const override { return sqlite::ledger_schema(); }
  bool runs_in_transaction(std::string_view statement) const override { return sqlite::runs_in_transaction(statement); }

  // SQLite has five storage classes; a date, a timestamp and a uuid are text here.
  std::string typed_parameter(std::string_view name, db::ParameterType type) const override {
    switch (type) {
      case db::ParameterType::kInteger:
      case db::ParameterType::kBoolean: return fmt::format("CAST(:{} AS integer)", name);
      case db::ParameterType::kNumber: return fmt::format("CAST(:{} AS numeric)", name);
      case db::ParameterType::kText:
      case db::ParameterType::kDate:
      case db::ParameterType::kTimestamp:
      case db::ParameterType::kUuid: break;
    }
    return fmt::format("CAST(:{} AS text)", name);
  }

  const db::RowSyntax& row_syntax() const override {
    static constexpr db::RowSyntax kSyntax{
        .lock = "", .on_conflict = "ON CONFLICT ({}) DO UPDATE SET", .proposed = "excluded.{}", .table_options = ""};
    return kSyntax;
  }
  // 1 and 1.0 are equal, but not the same.
  std::string same_value(const db::Column&, std::string_view left, std::string_view right) const override {
    return fmt::format("({0} IS {1} COLLATE BINARY AND typeof({0}) = typeof({1}))", left, right);
  }

  db::SchemaDump dump_schema(const std::vector<sql::TableName>& ledger) const override {
    Connection connection(options_, db::Purpose::kRead);
    return sqlite::dump_schema(connection, ledger);
  }

 private:
  OpenOptions options_;
};

bool parse_switch(const std::string& name, const std::string& value) {
  if (value == "on" || value == "true" || value == "1") return true;
  if (value == "off" || value == "false" || value == "0") return false;
  throw Error(Code::kConfig, fmt::format("option {} of the database URL must be on or off, not '{}'", name, value));
}

void apply_option(const std::string& name, const std::string& value, OpenOptions& options) {
  if (name == "foreign_keys") {
    options.foreign_keys = parse_switch(name, value);
  } else if (name == "busy_timeout") {
    const auto ms = parse_timeout_ms(value);
    if (!ms)
      throw Error(Code::kConfig, "busy_timeout of the database URL is not a duration").hint("write it as 500ms or 5s");
    options.busy_timeout = Milliseconds(*ms);
  } else {
    const auto near = nearest(name, {"foreign_keys", "busy_timeout"});
    throw Error(Code::kConfig, fmt::format("unknown option '{}' in the database URL", name))
        .hint(near ? fmt::format("did you mean '{}'?", *near) : "sqlite: knows foreign_keys and busy_timeout");
  }
}

}  // namespace

std::unique_ptr<db::Database> make_database(const db::Url& url, std::string_view base_directory) {
  OpenOptions options;
  std::string path = url.path;
  if (url.has_authority) {
    // sqlite:///abs has an empty host; sqlite://relative.db (as sqlx writes it) puts the path into the host.
    path = url.host.empty() ? "/" + path : url.host + (path.empty() ? "" : "/" + path);
  }
  if (path.empty()) throw Error(Code::kConfig, "the database URL names no file").hint("write sqlite:path/to/file.db");
  if (path == ":memory:") {
    throw Error(Code::kConfig, "an in-memory database cannot be migrated: it is gone when the command ends")
        .hint("name a file");
  }
  if (path.front() != '/') path = (std::filesystem::path(base_directory) / path).lexically_normal().string();
  options.path = path;
  for (const auto& [name, value] : url.options) apply_option(name, value, options);
  return std::make_unique<Database>(std::move(options));
}

}  // namespace weir::engines::sqlite
