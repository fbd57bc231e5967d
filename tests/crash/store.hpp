// Where the migrated databases come from, and how the scenarios look into them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crash/harness.hpp"
#include "db/database.hpp"

namespace weir::crash {

using TextRow = std::vector<std::string>;  // NULL is "NULL"

// One connection of the test itself. After a lost connection it connects again and repeats the statement, so a
// statement that is not idempotent must not be sent while a server is being crashed. Not thread-safe.
class Sql {
 public:
  explicit Sql(const std::string& url);

  std::vector<TextRow> rows(const std::string& sql);
  // The single value, or nothing when there is no row.
  std::optional<std::string> value(const std::string& sql);
  std::int64_t integer(const std::string& sql);
  std::int64_t execute(const std::string& sql);  // rows affected
  bool is_server() const { return database_->capabilities().server_sessions; }
  bool is_mariadb() const { return database_->engine_name() == "mariadb"; }

 private:
  db::Result run(const std::string& sql);
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<db::Connection> connection_;
};

// SQLite has one write lock for the file: a process that is stopped while one of its threads reads or writes keeps
// everybody out, which no lease can heal. False on a server.
bool is_locked_as_a_whole(const Sql& sql, const std::string& url);

// An empty database (on PostgreSQL a schema); dropped by the destructor.
class Store {
 public:
  virtual ~Store() = default;
  virtual std::string url() const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string name() const = 0;
  // The tool that starts and stops its server, and the server's folder; empty without a server.
  virtual std::string server_tool() const { return {}; }
  virtual std::filesystem::path server_folder() const { return {}; }
  virtual std::unique_ptr<Store> fresh(const std::filesystem::path& folder, Random& random) = 0;
};

std::unique_ptr<Engine> sqlite_engine(const Options& options);
// `folder` belongs to tools/postgres-server.
std::unique_ptr<Engine> postgres_engine(const Options& options);
// `folder` belongs to tools/mariadb-server.
std::unique_ptr<Engine> mariadb_engine(const Options& options);

}  // namespace weir::crash
