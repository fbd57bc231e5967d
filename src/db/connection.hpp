// One connection to a database. Not thread-safe, except cancel(). Every failure is an Error born from the engine's own
// table.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/process.hpp"
#include "db/batch.hpp"
#include "db/catalogue.hpp"
#include "db/diagnosis.hpp"
#include "db/effect.hpp"
#include "db/physical_order.hpp"
#include "db/plan.hpp"
#include "db/session.hpp"
#include "db/value.hpp"

namespace weir::db {

class Database;

struct Statement {
  std::string sql;  // with the dialect's parameter markers
  Row params;
};

struct Result {
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::int64_t affected = 0;  // rows inserted, updated or deleted
};

class Connection {
 public:
  virtual ~Connection() = default;

  // One statement with bound parameters; prepared once per connection and text.
  virtual Result execute(const Statement& statement) = 0;
  // One statement as the user wrote it, without parameters and not prepared: DDL and everything that cannot be
  // prepared. Errors carry sql_offset() in bytes where the server names a position.
  virtual Result execute_text(const std::string& sql) = 0;
  // The rows of a query whose values a program computes with: on every engine bytes come as bytes and floating point
  // numbers as such, exactly; whole numbers and truth values as integers, where they fit; everything else as text.
  virtual std::vector<Row> read_values(const Statement& query);
  // Executes a statement once for each element of `values`, in the open transaction, in few round trips where there is
  // a network. An element holds what is bound to the statement's placeholders, in the order in which they appear. Rows
  // affected, all together. Errors: as execute(); the transaction can only be rolled back then.
  virtual std::int64_t execute_each(const sql::Template& statement, const std::vector<Row>& values);
  // Lets the engine parse and resolve a statement without executing it. What the engine cannot prepare passes
  // unchecked.
  virtual void check(const std::string& sql) = 0;

  // Errors: kBusy or kLockTimeout when another writer keeps the database (engines with one writer take their lock
  // here).
  virtual void begin() = 0;
  // Errors: kConnectionLost when the answer never came: look on a new connection what happened.
  virtual void commit() = 0;
  // Never throws; a connection that cannot roll back is broken() afterwards and its transaction ends with it.
  virtual void rollback() noexcept = 0;
  virtual bool in_transaction() const = 0;
  virtual bool broken() const = 0;

  virtual std::unique_ptr<BatchProgram> compile(const BatchSource& source) = 0;

  // How many rows the planner expects a query to return; nothing where the engine does not tell.
  virtual std::optional<std::int64_t> planned_rows(const Statement& query) = 0;

  // How the engine would execute a statement; it is not executed. Nothing where the engine cannot explain it. Errors:
  // as execute().
  virtual std::optional<Plan> explain(const PlanRequest& request) = 0;
  // Bytes that the server has written to its log so far, all sessions together; nothing where the engine does not tell.
  virtual std::optional<std::int64_t> log_position();

  // About `count` keys that cut the table into about equal parts, in the order of the key, without reading more than a
  // few pages of it; fewer or none where the engine cannot tell. `key`: columns of a unique key.
  virtual std::vector<Row> sample_keys(const sql::TableName& table, const std::vector<std::string>& key,
                                       std::int64_t count);

  // Another number after another connection has committed something, where writers and only writers have to wait for
  // each other, whatever they write; nothing where that is not so.
  virtual std::optional<std::int64_t> version_by_others();

  // Nothing where the engine cannot read a range of places.
  virtual std::optional<PhysicalOrder> physical_order(const sql::TableName& table);
  // Where the row is that stood at `place` before this transaction changed it; the same place when it did not, or
  // deleted it.
  virtual Value place_now(const sql::TableName& table, const Value& place);

  // The name of the table or view that `as_written` means (quoted or not, with a schema or not), or nothing when it is
  // not there. Errors: kInvalidFile when it is no name of a table.
  virtual std::optional<sql::TableName> find_table(std::string_view as_written) = 0;
  // The same with its columns, keys and size.
  virtual std::optional<TableInfo> describe_table(std::string_view as_written) = 0;

  // How long a statement waits for a lock that another session holds. Zero: for ever.
  virtual void set_lock_timeout(Milliseconds timeout) = 0;
  // How long a statement may run before it fails with kTimeout. Zero: for ever.
  virtual void set_statement_timeout(Milliseconds timeout) = 0;

  // Identity of this session at the server, never reused; empty where the engine has no sessions.
  virtual std::string session_id() = 0;
  virtual Liveness session_liveness(const std::string& session_id) = 0;

  // For statements that cannot share a transaction with weir's record of them. Before one is executed: what the
  // catalogue shows of the objects it changes, as a text to be compared; empty when that does not tell.
  virtual std::string look(const std::string& statement);
  // Afterwards, or after a crash: what became of it. `before` is what look() gave.
  virtual Effect effect_of(const std::string& statement, const std::string& before);
  // Takes away what the statement left behind when its effect is kHalf.
  virtual void remove_remains(const std::string& statement, const std::string& before);

  // The sessions that keep the session `session_id` (session_id()) waiting for a lock right now; nobody where the
  // engine cannot tell.
  virtual std::vector<SessionInfo> blockers_of(const std::string& session_id);
  // Which of the sessions `batches` keep another one waiting for a lock right now that is none of `own`; none where the
  // engine cannot tell. As session_id() gives them.
  virtual std::vector<std::string> in_the_way(const std::vector<std::string>& batches,
                                              const std::vector<std::string>& own);
  // Other sessions whose open transaction holds a lock on the table, the oldest first. `as_written` as in
  // describe_table().
  virtual std::vector<SessionInfo> holders_of(std::string_view as_written);
  // How long the oldest transaction of another session is open in this database; nothing when there is none, or the
  // engine cannot tell. Cheaper than holders_of().
  virtual std::optional<Milliseconds> oldest_transaction();
  // What is good and bad about this server for weir: version, missing privileges, invalid indexes, long transactions.
  virtual std::vector<Diagnosis> diagnose();

  // Stops the statement that is running now; it fails with kCancelled. Thread-safe, returns at once.
  virtual void cancel() noexcept = 0;
};

// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.begin(); }
  ~Transaction() {
    if (connection_.in_transaction()) connection_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() { connection_.commit(); }

 private:
  Connection& connection_;
};

}  // namespace weir::db
