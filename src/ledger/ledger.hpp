// weir's own tables in the target database, and the SQL that reads and writes them. Every table is named with its
// schema, so that nothing a migration does to the session can divert a record.
//
// weir_meta        key, value; `ledger_version`
// weir_migrations  one row per applied (or half applied) migration with the text that was applied
// weir_repeatables repeatable migrations as they were applied last
// weir_runs        executions of data migrations; (version, attempt)
// weir_slices      key ranges of a run: cursor, counters, lease
// weir_quarantine  rows that a run could not process
// weir_before_images  runs that keep what rows held before, each in a table of its own, weir_kept_<id>
// weir_events      who did what when; append only
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.hpp"

namespace weir::ledger {

// 4: weir_runs.batch_rows may be 0.
inline constexpr int kLedgerVersion = 4;

// How a table of the ledger is created: so that it can be repeated, where a crash may come between two of them.
std::string_view create_table(const db::Database& database);

// Gives access to the ledger over one connection. As thread-safe as the connection: not.
class Ledger {
 public:
  // Nothing when the database has no ledger yet. An older one is brought to the present version. Errors: kLedgerTooNew;
  // kLedgerTooOld over a connection that only reads.
  static std::optional<Ledger> open(const db::Database& database, db::Connection& connection);
  // The same where there must be one. Errors: kNotFound as well.
  static Ledger open_existing(const db::Database& database, db::Connection& connection);
  // Creates the ledger when it is not there; safe when two processes do it at once. Errors: kLedgerTooNew, kPrivilege,
  // kReadOnly.
  static Ledger open_or_create(const db::Database& database, db::Connection& connection);
  // The same ledger over another connection.
  Ledger over(db::Connection& connection) const;

  // Runs one statement. `:weir_migrations` ... stand for the tables and `:now` for the database's clock in ms; all else
  // is bound.
  db::Result execute(std::string_view sql, const db::Bindings& bindings = {});
  // The statement with tables and clock filled in, for use in a batch.
  std::string expand(std::string_view sql) const;

  // Where the ledger's tables are; those of before-images: image_sets.hpp.
  std::vector<sql::TableName> tables() const;
  // A table of this name beside them.
  sql::TableName beside(const std::string& name) const { return {schema_, name}; }

  db::Connection& connection() { return *connection_; }
  const db::Database& database() const { return *database_; }

 private:
  Ledger(const db::Database& database, db::Connection& connection, const std::string& schema);
  static void create(const db::Database& database, db::Connection& connection);
  bool is_complete();
  int read_version();
  void upgrade(int from);
  void add_missing_columns();
  void create_missing_tables();

  const db::Database* database_;
  db::Connection* connection_;
  std::string schema_;
  std::map<std::string, std::string> fragments_;
};

}  // namespace weir::ledger
