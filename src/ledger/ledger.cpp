#include "ledger/ledger.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/version.hpp"

namespace weir::ledger {
namespace {

constexpr std::string_view kTables[] = {"weir_meta", "weir_migrations", "weir_repeatables",
                                        "weir_runs", "weir_slices",     "weir_events"};

constexpr const char* kReadVersion = "SELECT value FROM :weir_meta WHERE :meta_key = 'ledger_version'";
constexpr const char* kWriteVersion = "INSERT INTO :weir_meta (:meta_key, value) VALUES ('ledger_version', :version)";
constexpr const char* kRaiseVersion =
    "UPDATE :weir_meta SET value = :version WHERE :meta_key = 'ledger_version' AND value = :from";

// From version 1 to 2; for the engines that had version 1.
constexpr const char* kUpgradeFrom1[] = {"ALTER TABLE :weir_migrations ADD COLUMN intent text",
                                         R"sql(CREATE TABLE :weir_repeatables (
  name          text NOT NULL PRIMARY KEY,
  checksum      text NOT NULL,
  applied_text  text NOT NULL,
  applied_at_ms bigint NOT NULL,
  duration_ms   bigint NOT NULL,
  actor         text NOT NULL,
  weir_version  text NOT NULL
))sql"};

}  // namespace

Ledger::Ledger(const db::Database& database, db::Connection& connection, const std::string& schema)
    : database_(&database), connection_(&connection), schema_(schema) {
  for (const auto table : kTables)
    fragments_.emplace(table, sql::quote(database.dialect(), {schema, std::string(table)}));
  fragments_.emplace("meta_key", database.dialect().quote("key"));  // a reserved word in some dialects
  fragments_.emplace("now", database.now_ms());
}

Ledger Ledger::over(db::Connection& connection) const {
  Ledger other = *this;
  other.connection_ = &connection;
  return other;
}

std::vector<sql::TableName> Ledger::tables() const {
  std::vector<sql::TableName> tables;
  for (const auto table : kTables) tables.push_back({schema_, std::string(table)});
  return tables;
}

std::string Ledger::expand(std::string_view sql) const {
  return sql::Template(std::string(sql), database_->dialect()).expand(fragments_);
}

db::Result Ledger::execute(std::string_view sql, const db::Bindings& bindings) {
  const auto rendered = sql::Template(std::string(sql), database_->dialect()).render(fragments_);
  return connection_->execute({rendered.sql, db::bind(rendered.names, bindings)});
}

bool Ledger::is_complete() { return !execute(kReadVersion).rows.empty(); }

int Ledger::read_version() {
  const auto found = execute(kReadVersion);
  if (found.rows.empty())
    throw Error(Code::kLedgerCorrupt, "weir_meta has no ledger_version").hint("restore weir_meta from a backup");
  const auto version = parse_integer(db::as_text(found.rows[0][0]));
  if (!version) throw Error(Code::kLedgerCorrupt, "ledger_version in weir_meta is not a number");
  if (*version > kLedgerVersion) {
    throw Error(Code::kLedgerTooNew, fmt::format("the ledger has version {}, this program ({}) knows {}", *version,
                                                 weir::version(), kLedgerVersion))
        .hint("use the newer weir that wrote it; nothing was changed");
  }
  return static_cast<int>(*version);
}

// The version first: its row's lock lets one process do it.
void Ledger::upgrade(int from) {
  db::Transaction transaction(*connection_);
  try {
    const auto raised =
        execute(kRaiseVersion, {{"version", std::to_string(kLedgerVersion)}, {"from", std::to_string(from)}});
    if (raised.affected != 1) return;
    for (const auto* statement : kUpgradeFrom1) connection_->execute_text(expand(statement));
  } catch (const Error& error) {
    if (error.code() != Code::kReadOnly) throw;
    throw Error(Code::kLedgerTooOld, fmt::format("the ledger has version {}, this program ({}) works with {}", from,
                                                 weir::version(), kLedgerVersion))
        .hint("`weir migrate` brings it up to date");
  }
  transaction.commit();
}

std::optional<Ledger> Ledger::open(const db::Database& database, db::Connection& connection) {
  const auto meta = connection.find_table("weir_meta");
  if (!meta) return std::nullopt;
  Ledger ledger(database, connection, meta->schema);
  // Where tables cannot be created in a transaction, the version is what was written last.
  if (!database.capabilities().transactional_ddl && !ledger.is_complete()) return std::nullopt;
  if (const int version = ledger.read_version(); version < kLedgerVersion) ledger.upgrade(version);
  return ledger;
}

void Ledger::create(const db::Database& database, db::Connection& connection) {
  for (const auto& statement : database.ledger_schema()) connection.execute_text(statement);
  const auto meta = connection.find_table("weir_meta");
  if (!meta) throw Error(Code::kInternal, "the ledger cannot be found after it was created");
  Ledger(database, connection, meta->schema).execute(kWriteVersion, {{"version", std::to_string(kLedgerVersion)}});
}

Ledger Ledger::open_or_create(const db::Database& database, db::Connection& connection) {
  if (auto ledger = open(database, connection)) return *ledger;
  try {
    if (database.capabilities().transactional_ddl) {
      db::Transaction transaction(connection);
      create(database, connection);
      transaction.commit();
    } else {
      create(database, connection);
    }
  } catch (const Error& error) {
    // Another process may have created it in the same moment.
    if (error.code() != Code::kAlreadyExists && error.code() != Code::kConstraint) throw;
  }
  if (auto ledger = open(database, connection)) return *ledger;
  throw Error(Code::kLedgerCorrupt, "tables of the ledger exist, but weir_meta does not")
      .hint("restore it from a backup");
}

}  // namespace weir::ledger
