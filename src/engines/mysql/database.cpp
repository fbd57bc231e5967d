#include "engines/mysql/database.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "engines/mysql/connect.hpp"
#include "engines/mysql/connection.hpp"
#include "engines/mysql/conninfo.hpp"
#include "engines/mysql/deploy_lock.hpp"
#include "engines/mysql/dialect.hpp"
#include "engines/mysql/ledger_schema.hpp"
#include "engines/mysql/schema_dump.hpp"
#include "engines/mysql/statements.hpp"

namespace weir::engines::mysql {
namespace {

class Database final : public db::Database {
 public:
  explicit Database(const db::Url& url)
      : info_(make_conninfo(url)), display_url_(display(url)), name_(url.scheme == "mariadb" ? "mariadb" : "mysql") {}

  std::string_view engine_name() const override { return name_; }
  const db::Capabilities& capabilities() const override {
    static constexpr db::Capabilities kCapabilities{.transactional_ddl = false,
                                                    .several_writers = true,
                                                    .server_sessions = true,
                                                    .row_comparisons_use_indexes = false};
    return kCapabilities;
  }
  // By the scheme, because files are read before anything is connected.
  const sql::Dialect& dialect() const override { return name_ == "mariadb" ? mariadb_dialect() : mysql::dialect(); }
  std::string display_url() const override { return display_url_; }
  bool exists() const override { return true; }  // if not, connect() says so

  std::unique_ptr<db::Connection> connect(db::Purpose purpose) const override {
    return std::make_unique<Connection>(open_session(info_, purpose), info_);
  }
  db::LockAttempt try_deploy_lock(std::string_view actor) const override {
    return mysql::try_deploy_lock(info_, actor);
  }
  db::LockAttempt try_foreign_lock(const db::ForeignLockOf& lock_of, std::string_view actor) const override {
    return mysql::try_foreign_lock(info_, lock_of, actor);
  }
  std::optional<db::LockHolder> deploy_lock_holder() const override { return mysql::deploy_lock_holder(info_); }

  // Not UNIX_TIMESTAMP(NOW(3)): it goes through the session's time zone, where an hour may come twice.
  std::string now_ms() const override {
    return "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)";
  }
  std::vector<db::LedgerTable> ledger_schema() const override { return mysql::ledger_schema(); }
  bool runs_in_transaction(std::string_view statement) const override { return mysql::runs_in_transaction(statement); }
  std::string typed_parameter(std::string_view name, db::ParameterType type) const override;
  const db::RowSyntax& row_syntax() const override {
    static constexpr db::RowSyntax kSyntax{
        .lock = "FOR UPDATE",
        .on_conflict = "ON DUPLICATE KEY UPDATE",
        .proposed = "VALUES({})",
        .table_options = " ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"};
    return kSyntax;
  }
  std::string same_value(const db::Column& column, std::string_view left, std::string_view right) const override;
  std::string exact_value(const db::Column& column, std::string_view value) const override;
  db::SchemaDump dump_schema(const std::vector<sql::TableName>& ledger) const override {
    Connection connection(open_session(info_, db::Purpose::kRead), info_);
    return mysql::dump_schema(connection, ledger);
  }

 private:
  const Conninfo info_;
  const std::string display_url_;
  const std::string_view name_;
};

std::string Database::typed_parameter(std::string_view name, db::ParameterType type) const {
  switch (type) {
    // A cast text would insist on a collation of its own; a bare one takes the column's.
    case db::ParameterType::kText:
    case db::ParameterType::kUuid: return fmt::format(":{}", name);
    case db::ParameterType::kInteger:
    case db::ParameterType::kBoolean: return fmt::format("CAST(:{} AS signed)", name);
    case db::ParameterType::kNumber: return fmt::format("CAST(:{} AS decimal(65, 30))", name);
    case db::ParameterType::kDate: return fmt::format("CAST(:{} AS date)", name);
    // The servers do not know the Z of ISO 8601.
    case db::ParameterType::kTimestamp: return fmt::format("CAST(TRIM(TRAILING 'Z' FROM :{}) AS datetime(6))", name);
  }
  return fmt::format(":{}", name);
}

// The bytes alone would not do: a FLOAT shows fewer digits than it has. Nor would `<=>`, which goes by the collation.
std::string Database::same_value(const db::Column& column, std::string_view left, std::string_view right) const {
  const std::string_view text = column.type == "json" ? "CAST(CAST({} AS char) AS binary)" : "CAST({} AS binary)";
  return fmt::format("({} <=> {} AND {} <=> {})", left, right, fmt::format(fmt::runtime(text), left),
                     fmt::format(fmt::runtime(text), right));
}

// A TIMESTAMP is shown in the session's time zone, an ENUM may have a member '' beside its error value, and some of the
// older character sets have two characters for one of Unicode.
std::string Database::exact_value(const db::Column& column, std::string_view value) const {
  constexpr std::array<std::string_view, 3> kFaithful{"utf8", "ascii", "latin1"};
  constexpr std::string_view kCharacterSet = " CHARACTER SET ";
  if (column.type.starts_with("timestamp")) return fmt::format("UNIX_TIMESTAMP({})", value);
  if (column.type.starts_with("enum")) return fmt::format("({} + 0)", value);
  const auto at = column.declaration.find(kCharacterSet);
  if (at == std::string::npos) return {};
  const std::string_view name = std::string_view(column.declaration).substr(at + kCharacterSet.size());
  const bool faithful =
      std::any_of(kFaithful.begin(), kFaithful.end(), [&](std::string_view one) { return name.starts_with(one); });
  return faithful ? std::string() : fmt::format("CAST({} AS binary)", value);
}

}  // namespace

std::unique_ptr<db::Database> make_database(const db::Url& url) { return std::make_unique<Database>(url); }

}  // namespace weir::engines::mysql
