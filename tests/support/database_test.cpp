#include "support/database_test.hpp"

#include <atomic>
#include <fmt/format.h>
#include <unistd.h>

#include "adopt/files.hpp"
#include "db/url.hpp"
#include "engines/registry.hpp"
#include "ledger/runs.hpp"
#include "sql/splitter.hpp"
#include "support/mariadb_server.hpp"
#include "support/places.hpp"
#include "support/postgres_server.hpp"

namespace weir::test {
namespace {

std::unique_ptr<db::Database> open(const std::string& url) { return engines::open_database(db::parse_url(url), "/"); }

std::string next_name() {
  static std::atomic<int> count{0};
  return "weir_test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

void on_server(const std::string& url, const std::string& sql) {
  open(url)->connect(db::Purpose::kControl)->execute_text(sql);
}

}  // namespace

std::vector<std::string> mysql_engines() {
  std::vector<std::string> engines = {"mariadb"};
  if (!mysql_server().url.empty()) engines.emplace_back("mysql");
  return engines;
}

std::vector<std::string> every_engine() {
  std::vector<std::string> engines = mysql_engines();
  engines.insert(engines.begin(), {"sqlite", "postgres"});
  return engines;
}

void DatabaseTest::SetUp() {
  project_.write("db/migrate/.keep", "");
  if (is_sqlite()) {
    url_ = "sqlite:" + (project_.path() / "test.db").string();
  } else if (is_postgres()) {
    const PostgresServer& server = postgres_server();
    if (server.url.empty()) GTEST_SKIP() << "no PostgreSQL: " << server.reason;
    create_on(server.url, "CREATE DATABASE {} TEMPLATE template0");
  } else {
    const MariadbServer& server = is_mariadb() ? mariadb_server() : mysql_server();
    if (server.url.empty()) GTEST_SKIP() << "no " << engine() << ": " << server.reason;
    create_on(server.url, "CREATE DATABASE {} CHARACTER SET utf8mb4");
  }
  database_ = open(url_);
}

void DatabaseTest::TearDown() {
  connection_.reset();
  database_.reset();
  if (!server_database_.empty())
    on_server(server_url_, "DROP DATABASE " + server_database_ + (is_postgres() ? " WITH (FORCE)" : ""));
}

void DatabaseTest::create_on(const std::string& server_url, const std::string& sql) {
  server_url_ = server_url;
  const std::string name = next_name();
  on_server(server_url, fmt::format(fmt::runtime(sql), name));
  server_database_ = name;
  url_ = server_url.substr(0, server_url.rfind('/') + 1) + name;
}

db::Connection& DatabaseTest::connection() {
  if (!connection_) connection_ = connect();
  return *connection_;
}

void DatabaseTest::exec(const std::string& sql) {
  for (const auto& statement : sql::split_statements(sql, database_->dialect(), {"test"}))
    connection().execute_text(statement.text);
}

std::string DatabaseTest::query(const std::string& sql) {
  std::string text;
  for (const auto& row : connection().execute_text(sql).rows) {
    if (!text.empty()) text += "\n";
    for (std::size_t i = 0; i < row.size(); ++i)
      text += (i > 0 ? "|" : "") + (db::is_null(row[i]) ? std::string("NULL") : db::as_text(row[i]));
  }
  return text;
}

std::int64_t DatabaseTest::number(const std::string& sql) {
  return db::as_integer(connection().execute_text(sql).rows.at(0).at(0));
}

bool DatabaseTest::has_table(const std::string& name) { return connection().describe_table(name).has_value(); }

void DatabaseTest::make_rows(std::int64_t rows) {
  exec("CREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL, a text)");
  const std::string last = std::to_string(rows);
  if (rows > 0) {
    exec("INSERT INTO t (id, n) WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " + last +
         ") SELECT i, 0 FROM s");
  }
}

project::Config DatabaseTest::config() const {
  project::Config config = project::load_config(project_.path(), std::nullopt);
  config.url = url_;
  return config;
}

project::Timeline DatabaseTest::timeline() const { return adopt::load_timeline(config(), database_->dialect()); }

migrate::DeployOutcome DatabaseTest::deploy(const migrate::DeployOptions& options) {
  migrate::DeployObserver quiet;
  static std::vector<std::unique_ptr<project::Timeline>> alive;  // the outcome points into it
  alive.push_back(std::make_unique<project::Timeline>(timeline()));
  return migrate::deploy(*database_, config(), *alive.back(), clock_, *stop_, quiet, options);
}

backfill::RunOutcome DatabaseTest::run(const std::string& name, const backfill::ParameterValues& parameters,
                                       backfill::Start start, backfill::OnChange on_change) {
  const project::Timeline all = timeline();
  const backfill::RunRequest request{all.find(name), parameters, !parameters.empty(), on_change, start, "test"};
  return backfill::Runner(*database_, clock_, *stop_, observer_).run(request);
}

std::string DatabaseTest::run_state(const std::string& name) {
  auto ledger = ledger::Ledger::open(*database_, connection());
  if (!ledger) return "";
  std::string state;
  for (const auto& one : ledger::read_runs(*ledger)) {
    if (one.name == name) state = std::string(to_string(one.state));
  }
  return state;
}

std::vector<std::string> DatabaseTest::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {program_path(), "-C", project_.path().string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Ended DatabaseTest::weir(const std::vector<std::string>& arguments) { return start_weir(arguments)->wait(); }

std::unique_ptr<ChildProcess> DatabaseTest::start_weir(const std::vector<std::string>& arguments) {
  disconnect();
  return std::make_unique<ChildProcess>(
      command(arguments), std::map<std::string, std::string>{{"DATABASE_URL", url_}, {"WEIR_ACTOR", "test"}});
}

}  // namespace weir::test
