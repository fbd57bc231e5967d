// One session of a PostgreSQL server: thin ownership over PGconn. Not thread-safe, except cancel(). After a lost
// connection the object stays usable for destruction and for broken(); every call throws kConnectionLost.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "db/connection.hpp"
#include "engines/postgres/handles.hpp"

namespace weir::engines::postgres {

class Parameters;

class Connection final : public db::Connection {
 public:
  // `connection` is open and configured (open_session).
  explicit Connection(ConnectionHandle connection);

  db::Result execute(const db::Statement& statement) override;
  std::vector<db::Row> read_values(const db::Statement& query) override;
  // In pipeline mode.
  std::int64_t execute_each(const sql::Template& statement, const std::vector<db::Row>& values) override;
  // COPY ... FROM stdin may carry its data: `COPY ...;`, a line end, the data, a line `\.`.
  db::Result execute_text(const std::string& sql) override;
  void check(const std::string& sql) override;

  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  bool in_transaction() const override;
  bool broken() const override;

  std::unique_ptr<db::BatchProgram> compile(const db::BatchSource& source) override;
  std::optional<std::int64_t> planned_rows(const db::Statement& query) override;
  std::optional<db::Plan> explain(const db::PlanRequest& request) override;
  // The write-ahead log. Errors: those of a server in recovery.
  std::optional<std::int64_t> log_position() override;
  // From a sample of pages; any key, whatever its types.
  std::vector<db::Row> sample_keys(const sql::TableName& table, const std::vector<std::string>& key,
                                   std::int64_t count) override;
  std::optional<db::PhysicalOrder> physical_order(const sql::TableName& table) override;
  db::Value place_now(const sql::TableName& table, const db::Value& place) override;
  std::optional<sql::TableName> find_table(std::string_view as_written) override;
  std::optional<db::TableInfo> describe_table(std::string_view as_written) override;
  void set_lock_timeout(Milliseconds timeout) override;
  void set_statement_timeout(Milliseconds timeout) override;
  std::string session_id() override;
  Liveness session_liveness(const std::string& session_id) override;
  std::string look(const std::string& statement) override;
  db::Effect effect_of(const std::string& statement, const std::string& before) override;
  void remove_remains(const std::string& statement, const std::string& before) override;
  std::vector<std::string> in_the_way(const std::vector<std::string>& batches,
                                      const std::vector<std::string>& own) override;
  std::vector<db::SessionInfo> blockers_of(const std::string& session_id) override;
  std::vector<db::SessionInfo> holders_of(std::string_view as_written) override;
  std::optional<Milliseconds> oldest_transaction() override;
  std::vector<db::Diagnosis> diagnose() override;
  // Asks the server through a connection of its own: about one round trip.
  void cancel() noexcept override;

  // For the other files of this engine:

  // One statement with bound parameters in one round trip, not kept prepared.
  db::Result query(const std::string& sql, const db::Row& params = {});
  // The name of the prepared statement with this text; prepares it at the first call.
  const std::string& prepare(const std::string& sql);
  // The qualified name of a temporary function in PL/pgSQL; creates it at the first call. It lives as long as the
  // session. `types`: the parameters', as the server writes them. Errors: what the server says, for example that the
  // user may not create temporary objects.
  const std::string& define(const std::vector<std::string>& types, const std::string& body);
  // Throws the error of a failed result. A connection that died is closed.
  [[noreturn]] void fail(const PGresult* result, std::string_view sql);
  // Drops every prepared statement; prepare() makes them anew. Changes generation().
  void forget_statements();
  // A name that prepare() gave holds as long as this number stays.
  std::uint64_t generation() const { return generation_; }
  // How the server plans prepared statements; asks it only when the mode changes.
  enum class PlanMode { kDefault, kGeneric };
  void set_plan_mode(PlanMode mode);
  // Marks the error of a batch whose lease is gone (batch_sql.hpp); random, so that no user's statement raises it.
  const std::string& fence_mark() const { return fence_mark_; }
  // Ends the session; the server rolls its transaction back.
  void close() noexcept { connection_.reset(); }
  PGconn* handle() const { return connection_.get(); }

 private:
  ResultHandle send(const db::Statement& statement);
  ResultHandle send(const std::string& sql, const Parameters& params);
  db::Result take(ResultHandle result, std::string_view sql);
  void run(const char* sql);
  void note_command(PGresult* result);

  ConnectionHandle connection_;
  const CancelHandle cancel_;
  std::unordered_map<std::string, std::string> prepared_;   // text -> name; "": executed once, without one
  std::unordered_map<std::string, std::string> functions_;  // definition -> name
  std::uint64_t names_ = 0;
  std::uint64_t generation_ = 0;
  std::optional<std::string> session_id_;
  PlanMode plan_mode_ = PlanMode::kDefault;
  const std::string fence_mark_;
};

}  // namespace weir::engines::postgres
