#include "crash/store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/registry.hpp"

namespace weir::crash {
namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(std::filesystem::path path, bool wal) : path_(std::move(path)) {
    Sql(url()).execute(wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE");
  }
  ~SqliteStore() override {
    for (const auto* suffix : {"", "-wal", "-shm", "-journal", "-weir-lock"})
      std::filesystem::remove(path_.string() + suffix);
  }
  std::string url() const override { return "sqlite:" + path_.string(); }

 private:
  std::filesystem::path path_;
};

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(std::filesystem::path memory) : memory_(std::move(memory)) {}
  std::string name() const override { return "sqlite"; }
  std::unique_ptr<Store> fresh(const std::filesystem::path& folder, Random& random) override {
    const bool own_disk = memory_.empty() || folder.filename() == "disk";
    const auto file = fmt::format("app{}-{}.db", ::getpid(), ++count_);
    return std::make_unique<SqliteStore>((own_disk ? folder : memory_) / file, random.chance(0.5));
  }

 private:
  std::filesystem::path memory_;  // where the files go; empty: the folder of the scenario
  int count_ = 0;
};

// A schema of its own: a database of its own costs a checkpoint each.
class PostgresStore final : public Store {
 public:
  PostgresStore(std::string server, std::string name) : server_(std::move(server)), name_(std::move(name)) {
    Sql(server_).execute("CREATE SCHEMA " + name_);
  }
  ~PostgresStore() override {
    try {
      Sql(server_).execute(fmt::format("DROP SCHEMA {} CASCADE", name_));
    } catch (const std::exception& error) {
      fmt::print(stderr, "{} stays: {}\n", name_, error.what());
    }
  }
  std::string url() const override { return server_ + "?search_path=" + name_; }

 private:
  std::string server_;  // URL
  std::string name_;
};

class PostgresEngine final : public Engine {
 public:
  PostgresEngine(std::string server, const Options& options) : server_(std::move(server)), options_(options) {}
  std::string name() const override { return "postgres"; }
  std::string server_tool() const override { return (options_.root / "tools/postgres-server").string(); }
  std::filesystem::path server_folder() const override { return options_.postgres; }
  std::unique_ptr<Store> fresh(const std::filesystem::path&, Random&) override {
    return std::make_unique<PostgresStore>(server_, fmt::format("crash_{}_{}", ::getpid(), ++count_));
  }

 private:
  std::string server_;
  const Options& options_;
  int count_ = 0;
};

class MariadbStore final : public Store {
 public:
  MariadbStore(std::string server, std::string name) : server_(std::move(server)), name_(std::move(name)) {
    Sql(server_).execute(fmt::format("CREATE DATABASE {} CHARACTER SET utf8mb4", name_));
  }
  ~MariadbStore() override {
    try {
      Sql(server_).execute("DROP DATABASE " + name_);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{} stays: {}\n", name_, error.what());
    }
  }
  std::string url() const override { return server_.substr(0, server_.rfind('/') + 1) + name_; }

 private:
  std::string server_;  // URL
  std::string name_;
};

class MariadbEngine final : public Engine {
 public:
  MariadbEngine(std::string server, const Options& options) : server_(std::move(server)), options_(options) {}
  std::string name() const override { return "mariadb"; }
  std::string server_tool() const override { return (options_.root / "tools/mariadb-server").string(); }
  std::filesystem::path server_folder() const override { return options_.mariadb; }
  std::unique_ptr<Store> fresh(const std::filesystem::path&, Random&) override {
    return std::make_unique<MariadbStore>(server_, fmt::format("crash_{}_{}", ::getpid(), ++count_));
  }

 private:
  std::string server_;
  const Options& options_;
  int count_ = 0;
};

}  // namespace

Sql::Sql(const std::string& url)
    : database_(engines::open_database(
          db::parse_url(url.starts_with("sqlite:") && url.find('?') == std::string::npos ? url + "?busy_timeout=60s"
                                                                                         : url),
          "/")) {}

db::Result Sql::run(const std::string& sql) {
  constexpr auto kPatience = std::chrono::seconds(60);
  const auto begin = Clock::now();
  for (;;) {
    try {
      if (!connection_ || connection_->broken()) connection_ = database_->connect(db::Purpose::kControl);
      return connection_->execute_text(sql);
    } catch (const Error& error) {
      const bool lost = error.code() == Code::kConnectionLost || error.code() == Code::kCannotConnect;
      if (!lost || Clock::now() - begin > kPatience) throw;
      system_clock().sleep(Milliseconds(20));
    }
  }
}

std::vector<TextRow> Sql::rows(const std::string& sql) {
  std::vector<TextRow> found;
  for (const auto& row : run(sql).rows) {
    auto& texts = found.emplace_back();
    for (const auto& value : row) texts.push_back(db::is_null(value) ? "NULL" : db::as_text(value));
  }
  return found;
}

std::optional<std::string> Sql::value(const std::string& sql) {
  const auto found = rows(sql);
  return found.empty() ? std::nullopt : std::optional(found.front().front());
}

std::int64_t Sql::integer(const std::string& sql) {
  const auto text = value(sql);
  const auto number = text ? parse_integer(*text) : std::nullopt;
  if (!number) throw Failure(fmt::format("no integer from {}: {}", sql, text.value_or("no row")));
  return *number;
}

std::int64_t Sql::execute(const std::string& sql) { return run(sql).affected; }

std::unique_ptr<Engine> sqlite_engine(const Options& options) {
  // What a killed process leaves does not depend on the disk, and on tmpfs there are more kills in a minute.
  const std::filesystem::path memory = "/dev/shm";
  const bool there = options.share && ::access(memory.c_str(), W_OK) == 0;
  return std::make_unique<SqliteEngine>(there ? memory : "");
}

std::unique_ptr<Engine> postgres_engine(const Options& options) {
  const auto tool = (options.root / "tools/postgres-server").string();
  const std::string url = run_command({tool, "url", options.postgres.string()}, options.folder / "server.log");
  return std::make_unique<PostgresEngine>(std::string(trim(url)), options);
}

std::unique_ptr<Engine> mariadb_engine(const Options& options) {
  const auto tool = (options.root / "tools/mariadb-server").string();
  const std::string url = run_command({tool, "url", options.mariadb.string()}, options.folder / "server.log");
  return std::make_unique<MariadbEngine>(std::string(trim(url)), options);
}

bool is_locked_as_a_whole(const Sql& sql, const std::string& url) {
  if (sql.is_server()) return false;
  Sql probe(url + "?busy_timeout=50ms");
  try {
    probe.execute("BEGIN EXCLUSIVE");
    probe.execute("ROLLBACK");
    return false;
  } catch (const Error&) {
    return true;
  }
}

}  // namespace weir::crash
