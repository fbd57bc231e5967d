#include "ledger/ledger.hpp"

#include <fmt/format.h>
#include <weir/version.hpp>

#include "base/error.hpp"
#include "base/sync_point.hpp"
#include "base/text.hpp"

namespace weir::ledger {
namespace {

constexpr std::string_view kTables[] = {"weir_meta",   "weir_migrations", "weir_repeatables", "weir_runs",
                                        "weir_slices", "weir_events",     "weir_quarantine",  "weir_before_images"};

constexpr const char* kReadVersion = "SELECT value FROM :weir_meta WHERE :meta_key = 'ledger_version'";
constexpr const char* kWriteVersion = "INSERT INTO :weir_meta (:meta_key, value) VALUES ('ledger_version', :version)";
constexpr const char* kRaiseVersion =
    "UPDATE :weir_meta SET value = :version WHERE :meta_key = 'ledger_version' AND value = :from";

// Columns that came with a later version; tables that came are created from the present schema.
struct Column {
  std::string_view table, name, type;
};
constexpr Column kColumns[] = {{"weir_migrations", "intent", "text"},                          // 2
                               {"weir_runs", "workers", "bigint"},                             // 3
                               {"weir_runs", "max_rate", "bigint"},                            // 3
                               {"weir_runs", "claims", "bigint NOT NULL DEFAULT 0"},           // 3
                               {"weir_slices", "lower_bound", "text"},                         // 3
                               {"weir_slices", "split_wanted", "bigint NOT NULL DEFAULT 0"}};  // 3

// Until version 2 slice 0 was the position of a run; since 3 it is the run itself.
constexpr const char* kPositionBecomesSlice1 = R"sql(
INSERT INTO :weir_slices (version, attempt, ordinal, pass, upper_bound, cursor_key, state, rows_done, batches, updated_at_ms)
SELECT version, attempt, 1, pass, upper_bound, cursor_key, 'active', 0, 0, updated_at_ms FROM :weir_slices
 WHERE ordinal = 0 AND state = 'active' AND upper_bound IS NOT NULL)sql";
constexpr const char* kRunItself = R"sql(
UPDATE :weir_slices SET state = 'done', upper_bound = NULL, cursor_key = NULL, lease_token = NULL
 WHERE ordinal = 0 AND state = 'active')sql";

}  // namespace

std::string_view create_table(const db::Database& database) {
  return database.capabilities().transactional_ddl ? "CREATE TABLE" : "CREATE TABLE IF NOT EXISTS";
}

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

// Where one transaction holds it all the version comes first: its row's lock lets one process do it. Elsewhere it comes
// last, and what two do at once one of them finds done.
void Ledger::upgrade(int from) {
  const bool atomic = database_->capabilities().transactional_ddl;
  const auto raise = [&] {
    return execute(kRaiseVersion, {{"version", std::to_string(kLedgerVersion)}, {"from", std::to_string(from)}})
               .affected == 1;
  };
  try {
    if (!atomic) {
      add_missing_columns();
      create_missing_tables();
    }
    db::Transaction transaction(*connection_);
    if (!raise()) return;
    if (atomic) {
      add_missing_columns();
      create_missing_tables();
    }
    if (from < 3) {
      execute(kPositionBecomesSlice1);
      execute(kRunItself);
    }
    transaction.commit();
  } catch (const Error& error) {
    if (error.code() != Code::kReadOnly) throw;
    throw Error(Code::kLedgerTooOld, fmt::format("the ledger has version {}, this program ({}) works with {}", from,
                                                 weir::version(), kLedgerVersion))
        .hint("`weir migrate` brings it up to date");
  }
}

void Ledger::add_missing_columns() {
  for (const auto& column : kColumns) {
    const auto table =
        connection_->describe_table(sql::quote(database_->dialect(), {schema_, std::string(column.table)}));
    if (!table || table->column(column.name) != nullptr) continue;
    try {
      connection_->execute_text(
          expand(fmt::format("ALTER TABLE :{} ADD COLUMN {} {}", column.table, column.name, column.type)));
    } catch (const Error& error) {
      if (error.code() != Code::kAlreadyExists || connection_->in_transaction()) throw;
    }
  }
}

void Ledger::create_missing_tables() {
  for (const auto& table : database_->ledger_schema()) {
    if (!connection_->find_table(sql::quote(database_->dialect(), {schema_, table.name})))
      connection_->execute_text(
          expand(fmt::format("{} :{} {}", create_table(*database_), table.name, table.definition)));
  }
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
  for (const auto& table : database.ledger_schema())
    connection.execute_text(fmt::format("{} {} {}", create_table(database), table.name, table.definition));
  const auto meta = connection.find_table("weir_meta");
  if (!meta) throw Error(Code::kInternal, "the ledger cannot be found after it was created");
  sync_point(SyncPoint::kLedgerTablesMade);
  Ledger(database, connection, meta->schema).execute(kWriteVersion, {{"version", std::to_string(kLedgerVersion)}});
}

Ledger Ledger::open_existing(const db::Database& database, db::Connection& connection) {
  auto ledger = open(database, connection);
  if (!ledger)
    throw Error(Code::kNotFound, "nothing has been applied to this database yet").hint("first: weir migrate");
  return *std::move(ledger);
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
    sync_point(SyncPoint::kLedgerMade);
  } catch (const Error& error) {
    // Another process may have created it in the same moment.
    if (error.code() != Code::kAlreadyExists && error.code() != Code::kConstraint) throw;
  }
  if (auto ledger = open(database, connection)) return *ledger;
  throw Error(Code::kLedgerCorrupt, "tables of the ledger exist, but weir_meta does not")
      .hint("restore it from a backup");
}

}  // namespace weir::ledger
