// One session of a MySQL or MariaDB server: thin ownership over MYSQL. Not thread-safe, except cancel(). After a lost
// connection the object stays usable for destruction and for broken(); every call throws kConnectionLost.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "db/connection.hpp"
#include "engines/mysql/connect.hpp"
#include "engines/mysql/errors.hpp"
#include "engines/mysql/prepared.hpp"

namespace weir::engines::mysql {

class Connection final : public db::Connection {
 public:
  // `info` is what the session was opened with.
  Connection(Session session, const Conninfo& info);

  db::Result execute(const db::Statement& statement) override;
  // Several statements in one text.
  std::int64_t execute_each(const sql::Template& statement, const std::vector<db::Row>& values) override;
  // Of several results (CALL) the first one with rows counts.
  db::Result execute_text(const std::string& sql) override;
  void check(const std::string& sql) override;

  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  // Also false after a statement that committed behind our back, as DDL does.
  bool in_transaction() const override;
  bool broken() const override { return handle_ == nullptr; }

  std::unique_ptr<db::BatchProgram> compile(const db::BatchSource& source) override;
  std::optional<std::int64_t> planned_rows(const db::Statement& query) override;
  std::optional<db::Plan> explain(const db::PlanRequest& request) override;
  std::optional<sql::TableName> find_table(std::string_view as_written) override;
  std::optional<db::TableInfo> describe_table(std::string_view as_written) override;
  // Units: the servers count whole seconds, so it is rounded up.
  void set_lock_timeout(Milliseconds timeout) override;
  // MySQL ends only SELECT statements by it.
  void set_statement_timeout(Milliseconds timeout) override;
  std::string session_id() override;
  Liveness session_liveness(const std::string& session_id) override;
  std::string look(const std::string& statement) override;
  db::Effect effect_of(const std::string& statement, const std::string& before) override;
  std::vector<db::SessionInfo> blockers_of(const std::string& session_id) override;
  std::vector<db::SessionInfo> holders_of(std::string_view as_written) override;
  std::optional<Milliseconds> oldest_transaction() override;
  std::vector<db::Diagnosis> diagnose() override;
  // Asks the server through a connection of its own.
  void cancel() noexcept override;

  // For the other files of this engine:

  // One statement with bound parameters, not kept prepared.
  db::Result query(const std::string& sql, const db::Row& params = {});
  // Throws the error of a failure. A connection that died is closed.
  [[noreturn]] void fail(const Failure& failure, std::string_view sql);
  // Lets a text hold several statements from now on.
  void allow_several_statements();
  MYSQL* handle() const { return handle_.get(); }
  const Server& server() const { return server_; }
  // Ends the session; the server rolls its transaction back.
  void close() noexcept;

 private:
  db::Result take_results(std::string_view sql);
  std::int64_t run_several(const std::string& sql);
  void run(std::string_view sql);

  ConnectionHandle handle_;
  const Server server_;
  const Conninfo info_;
  const unsigned long id_;                                               // what KILL takes
  std::unordered_map<std::string, std::unique_ptr<Prepared>> prepared_;  // by text; gone before the connection
  bool several_statements_ = false;
  std::string session_id_;
};

// What a COMMIT that failed means: only a look tells what happened, but a deadlock (of a cluster) rolled it back.
Error commit_error(const Failure& failure);

}  // namespace weir::engines::mysql
