// A connection to an SQLite file.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>

#include "db/connection.hpp"
#include "db/database.hpp"
#include "engines/sqlite/handle.hpp"

namespace weir::engines::sqlite {

struct OpenOptions {
  std::string path;
  std::optional<Milliseconds> busy_timeout;  // as the URL says
  bool foreign_keys = false;
};

class Connection final : public db::Connection {
 public:
  // Errors: kCannotConnect.
  Connection(const OpenOptions& options, db::Purpose purpose);
  ~Connection() override;

  db::Result execute(const db::Statement& statement) override;
  db::Result execute_text(const std::string& sql) override;
  void check(const std::string& sql) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  bool in_transaction() const override { return sqlite3_get_autocommit(handle_.get()) == 0; }
  bool broken() const override { return false; }
  std::unique_ptr<db::BatchProgram> compile(const db::BatchSource& source) override;
  std::optional<std::int64_t> planned_rows(const db::Statement&) override { return std::nullopt; }
  std::optional<db::Plan> explain(const db::PlanRequest& request) override;
  std::optional<sql::TableName> find_table(std::string_view as_written) override;
  std::optional<db::TableInfo> describe_table(std::string_view as_written) override;
  // What SQLite refuses in a transaction (VACUUM, ATTACH, PRAGMA) may be repeated.
  std::string look(const std::string&) override { return "may be repeated"; }
  db::Effect effect_of(const std::string&, const std::string&) override { return db::Effect::kNone; }
  void set_lock_timeout(Milliseconds timeout) override;
  void set_statement_timeout(Milliseconds timeout) override { statement_timeout_ = timeout; }
  std::optional<std::int64_t> version_by_others() override;
  std::string session_id() override { return {}; }
  Liveness session_liveness(const std::string&) override { return Liveness::kUnknown; }
  std::vector<db::Diagnosis> diagnose() override;
  void cancel() noexcept override { sqlite3_interrupt(handle_.get()); }

  // For the batch program and the catalogue of this folder.
  Prepared& prepared(const std::string& sql);
  sqlite3* handle() { return handle_.get(); }

 private:
  void open(const OpenOptions& options, db::Purpose purpose);
  void apply_settings(const OpenOptions& options, db::Purpose purpose);
  db::Result timed(Prepared& statement, const db::Row& params);
  void set_busy_timeout(Milliseconds timeout);
  static int past_deadline(void* self);
  static int ask_again(void* self, int times);

  Handle handle_;
  const Milliseconds least_wait_;  // the URL's busy_timeout
  std::unordered_map<std::string, Prepared> cache_;
  db::Purpose purpose_;
  bool wal_ = false;  // when it was opened
  Milliseconds busy_timeout_{0};
  std::chrono::steady_clock::time_point busy_since_;
  Milliseconds statement_timeout_{0};
  std::chrono::steady_clock::time_point deadline_;
  bool timed_out_ = false;
};

}  // namespace weir::engines::sqlite
