// The same test on every engine: a database of its own, a project folder, the libraries in this process and the program
// as a child process.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backfill/runner.hpp"
#include "db/database.hpp"
#include "ledger/ledger.hpp"
#include "migrate/deployer.hpp"
#include "project/timeline.hpp"
#include "support/child_process.hpp"
#include "support/expect_error.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {

// Calls the test back after each batch: the sync point between two batches, when the next boundary is known already.
class HookedObserver final : public backfill::Observer {
 public:
  void on_progress(const backfill::Progress& progress) override {
    ++batches;
    rows.push_back(progress.rows_here);
    if (after_batch) after_batch(batches);
  }
  void on_note(const std::string& text) override {
    notes += text + "\n";
    if (after_note) after_note(text);
  }

  std::function<void(int)> after_batch;  // the number of the batch, from 1
  std::function<void(const std::string&)> after_note;
  int batches = 0;
  std::vector<std::int64_t> rows;  // changed by this process, after each batch
  std::string notes;
};

// Parameter: "sqlite", "postgres", "mariadb" or "mysql", and behind a slash whatever the test wants. Skipped, with the
// reason, when there is no server.
class DatabaseTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string engine() const { return GetParam().substr(0, GetParam().find('/')); }
  bool is_postgres() const { return engine() == "postgres"; }
  bool is_sqlite() const { return engine() == "sqlite"; }
  bool is_mariadb() const { return engine() == "mariadb"; }
  bool is_mysql() const { return is_mariadb() || engine() == "mysql"; }
  // A type for texts that can be a key, compared byte by byte, blanks at the end included.
  std::string key_text() const {
    if (!is_mysql()) return "text";
    return is_mariadb() ? "varchar(100) COLLATE utf8mb4_nopad_bin" : "varchar(100) COLLATE utf8mb4_0900_bin";
  }
  // The text that fits the engine.
  template <typename T>
  T pick(T postgres, T sqlite, T mysql) const {
    if (is_mysql()) return mysql;
    return is_postgres() ? postgres : sqlite;
  }
  template <typename T>
  T pick(T server, T sqlite) const {
    return pick(server, sqlite, server);
  }
  // A name as an identifier of the engine.
  std::string quoted(const std::string& name) const { return database_->dialect().quote(name); }
  bool transactional_ddl() const { return database_->capabilities().transactional_ddl; }

  // --- the database
  const std::string& url() const { return url_; }
  const db::Database& database() const { return *database_; }
  std::unique_ptr<db::Connection> connect(db::Purpose purpose = db::Purpose::kControl) const {
    return database_->connect(purpose);
  }
  // A connection that belongs to the test.
  db::Connection& connection();
  // Closes it, so that nothing of the test keeps the database busy.
  void disconnect() { connection_.reset(); }
  // Several statements, each in a transaction of its own.
  void exec(const std::string& sql);
  // Rows as "a|b", one a line; NULL as "NULL".
  std::string query(const std::string& sql);
  std::int64_t number(const std::string& sql);
  bool has_table(const std::string& name);
  // CREATE TABLE t (id <integer> PRIMARY KEY, n <integer> NOT NULL, a text) with rows 1..rows, n = 0, a = NULL.
  void make_rows(std::int64_t rows);

  // --- the project
  const TempDir& project() const { return project_; }
  void schema(const std::string& file, const std::string& text) { project_.write("db/migrate/" + file + ".sql", text); }
  void data(const std::string& file, const std::string& text) { project_.write("db/data/" + file + ".sql", text); }
  project::Config config() const;
  project::Timeline timeline() const;

  // --- the libraries, in this process
  migrate::DeployOutcome deploy(const migrate::DeployOptions& options = {false, Milliseconds(300'000), "test"});
  backfill::RunOutcome run(const std::string& name, const backfill::ParameterValues& parameters = {},
                           backfill::Start start = backfill::Start::kContinue,
                           backfill::OnChange on_change = backfill::OnChange::kRefuse);
  Error failed_run(const std::string& name, const backfill::ParameterValues& parameters = {}) {
    return thrown_by([&] { run(name, parameters); });
  }
  FakeClock& clock() { return clock_; }
  StopToken& stop() { return *stop_; }
  // A new token for the next run.
  void forget_stop() { stop_ = std::make_unique<StopToken>(); }
  HookedObserver& observer() { return observer_; }
  // State of the latest run of a data migration; "" when there is none.
  std::string run_state(const std::string& name);

  // --- the program
  Ended weir(const std::vector<std::string>& arguments);
  std::unique_ptr<ChildProcess> start_weir(const std::vector<std::string>& arguments);

 private:
  std::vector<std::string> command(const std::vector<std::string>& arguments) const;

  TempDir project_;
  std::string url_;
  void create_on(const std::string& server_url, const std::string& sql);

  std::string server_url_;
  std::string server_database_;  // of this test; empty on SQLite
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<db::Connection> connection_;
  FakeClock clock_;
  std::unique_ptr<StopToken> stop_ = std::make_unique<StopToken>();
  HookedObserver observer_;
};

// "mysql" is one of them when $WEIR_TEST_MYSQL names a server.
std::vector<std::string> mysql_engines();
std::vector<std::string> every_engine();

inline std::string engine_name(const ::testing::TestParamInfo<std::string>& one) { return one.param; }

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define WEIR_ON_EVERY_ENGINE(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::ValuesIn(::weir::test::every_engine()), ::weir::test::engine_name)
#define WEIR_ON_POSTGRES(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::Values("postgres"), ::weir::test::engine_name)

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage)
#define WEIR_ON_MYSQL(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::ValuesIn(::weir::test::mysql_engines()), ::weir::test::engine_name)

}  // namespace weir::test
