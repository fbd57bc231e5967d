// A database that a URL names: what its engine is like, how to connect, and the SQL facts that differ between engines.
// Immutable and thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "db/capabilities.hpp"
#include "db/connection.hpp"
#include "db/row_syntax.hpp"
#include "db/schema_dump.hpp"
#include "sql/dialect.hpp"

namespace weir::db {

enum class Purpose {
  kControl,  // ledger, deploys: commits are durable when they return
  kWorker,   // batches: a commit may become durable later, because the cursor commits with the data (DESIGN.md section
             // 1)
  kRead,     // writes nothing, creates nothing
};

// A lock that one deployer holds. It is released by the destructor, and by the engine itself when the process dies.
class DeployLock {
 public:
  virtual ~DeployLock() = default;
  // Asks the engine whether the lock is still ours. Errors: kConnectionLost.
  virtual bool held() = 0;
};

struct LockHolder {
  std::string description;  // "pid 4711 on web-1 (deploy@web-1)"
  EpochMs since = 0;        // 0: not known
};

struct LockAttempt {
  std::unique_ptr<DeployLock> lock;  // empty when somebody else has it
  std::optional<LockHolder> holder;  // who, if the engine could tell
};

// The lock by which another tool keeps its deployers apart, as servers know locks: by a number or by a name.
struct ForeignLock {
  std::int64_t number = 0;
  std::string name;
};
// The name of the database is a part of it.
using ForeignLockOf = std::function<ForeignLock(const std::string& database)>;

// Types a parameter of a data migration can have.
enum class ParameterType { kText, kInteger, kNumber, kBoolean, kDate, kTimestamp, kUuid };

// One of weir's own tables: `CREATE TABLE <name> <definition>`.
struct LedgerTable {
  std::string name;
  std::string definition;
};

class Database {
 public:
  virtual ~Database() = default;

  virtual std::string_view engine_name() const = 0;  // for people and JSON only
  virtual const Capabilities& capabilities() const = 0;
  virtual const sql::Dialect& dialect() const = 0;
  virtual std::string display_url() const = 0;  // without password

  // False when nothing has been created at this place yet (an SQLite file); it is like an empty database then.
  virtual bool exists() const = 0;
  // Errors: kCannotConnect, kConfig.
  virtual std::unique_ptr<Connection> connect(Purpose purpose) const = 0;
  // Does not wait. Errors: kCannotConnect; kConfig when a transaction pooler makes the lock unsafe.
  virtual LockAttempt try_deploy_lock(std::string_view actor) const = 0;
  // Who holds the deploy lock now, if anybody.
  virtual std::optional<LockHolder> deploy_lock_holder() const = 0;

  // Takes another tool's lock; does not wait. Where the engine has no such locks there is nothing to be taken, and the
  // attempt succeeds. Errors: kCannotConnect.
  virtual LockAttempt try_foreign_lock(const ForeignLockOf& lock_of, std::string_view actor) const;

  // SQL for the database's clock in milliseconds since 1970 (UTC), as an integer.
  virtual std::string now_ms() const = 0;
  // The tables of the ledger's present version. Without transactional DDL weir_meta comes last.
  virtual std::vector<LedgerTable> ledger_schema() const = 0;
  // False for what the engine refuses inside a transaction (CREATE INDEX CONCURRENTLY) or does nothing there (PRAGMA
  // foreign_keys).
  virtual bool runs_in_transaction(std::string_view statement) const = 0;
  // SQL that turns the text of a parameter into its type: "CAST(:name AS bigint)".
  virtual std::string typed_parameter(std::string_view name, ParameterType type) const = 0;
  virtual const RowSyntax& row_syntax() const = 0;
  // SQL that is true exactly when two values of `column` are the same to the last byte, NULL and NULL too; stricter
  // than `=`, which may take upper and lower case for equal.
  virtual std::string same_value(const Column& column, std::string_view left, std::string_view right) const = 0;
  // SQL that gives different results for different values of a column where Connection::read_values() may show two of
  // them alike (an instant in the hour that a clock repeats). Empty where it does not.
  virtual std::string exact_value(const Column& column, std::string_view value) const;

  // The schema without the tables `ledger`, which are weir's own; empty when there is no ledger. Opens connections of
  // its own. Errors: kNotFound when it needs a program that is not there; kNotAvailable for an engine that cannot.
  virtual SchemaDump dump_schema(const std::vector<sql::TableName>& ledger) const;
};

}  // namespace weir::db
