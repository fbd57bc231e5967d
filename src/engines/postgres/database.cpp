#include "engines/postgres/database.hpp"

#include <fmt/format.h>

#include "engines/postgres/connect.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/conninfo.hpp"
#include "engines/postgres/deploy_lock.hpp"
#include "engines/postgres/dialect.hpp"
#include "engines/postgres/ledger_schema.hpp"
#include "engines/postgres/schema_dump.hpp"
#include "engines/postgres/statements.hpp"

namespace weir::engines::postgres {
namespace {

std::string_view type_name(db::ParameterType type) {
  switch (type) {
    case db::ParameterType::kText: return "text";
    case db::ParameterType::kInteger: return "bigint";
    case db::ParameterType::kNumber: return "numeric";
    case db::ParameterType::kBoolean: return "boolean";
    case db::ParameterType::kDate: return "date";
    case db::ParameterType::kTimestamp: return "timestamptz";
    case db::ParameterType::kUuid: return "uuid";
  }
  return "text";
}

class Database final : public db::Database {
 public:
  explicit Database(const db::Url& url) : info_(make_conninfo(url)), display_url_(display(url)) {}

  std::string_view engine_name() const override { return "postgres"; }
  const db::Capabilities& capabilities() const override {
    static constexpr db::Capabilities kCapabilities{
        .transactional_ddl = true, .several_writers = true, .server_sessions = true};
    return kCapabilities;
  }
  const sql::Dialect& dialect() const override { return postgres::dialect(); }
  std::string display_url() const override { return display_url_; }
  bool exists() const override { return true; }  // if not, connect() says so

  std::unique_ptr<db::Connection> connect(db::Purpose purpose) const override {
    return std::make_unique<Connection>(open_session(info_, purpose));
  }
  db::LockAttempt try_deploy_lock(std::string_view actor) const override {
    return postgres::try_deploy_lock(info_, actor);
  }
  db::LockAttempt try_foreign_lock(const db::ForeignLockOf& lock_of, std::string_view actor) const override {
    return postgres::try_foreign_lock(info_, lock_of, actor);
  }
  std::optional<db::LockHolder> deploy_lock_holder() const override { return postgres::deploy_lock_holder(info_); }

  std::string now_ms() const override { return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"; }
  std::vector<db::LedgerTable> ledger_schema() const override { return postgres::ledger_schema(); }
  bool runs_in_transaction(std::string_view statement) const override {
    return postgres::runs_in_transaction(statement);
  }
  std::string typed_parameter(std::string_view name, db::ParameterType type) const override {
    return fmt::format("CAST(:{} AS {})", name, type_name(type));
  }
  const db::RowSyntax& row_syntax() const override {
    // A weaker lock than FOR UPDATE: rows that refer to these may be inserted meanwhile.
    static constexpr db::RowSyntax kSyntax{.lock = "FOR NO KEY UPDATE",
                                           .on_conflict = "ON CONFLICT ({}) DO UPDATE SET",
                                           .proposed = "excluded.{}",
                                           .table_options = ""};
    return kSyntax;
  }
  // By their images, because not every type has an `=` (json).
  std::string same_value(const db::Column&, std::string_view left, std::string_view right) const override {
    return fmt::format("CAST(ROW({}) AS record) OPERATOR(pg_catalog.*=) CAST(ROW({}) AS record)", left, right);
  }
  db::SchemaDump dump_schema(const std::vector<sql::TableName>& ledger) const override {
    return postgres::dump_schema(info_, ledger);
  }

 private:
  const Conninfo info_;
  const std::string display_url_;
};

}  // namespace

std::unique_ptr<db::Database> make_database(const db::Url& url) { return std::make_unique<Database>(url); }

}  // namespace weir::engines::postgres
