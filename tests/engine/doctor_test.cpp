// `weir doctor`: every bad situation is made for real, and where a remedy is given it is tried.
#include "report/doctor.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/text.hpp"
#include "support/database_test.hpp"
#include "support/places.hpp"

namespace weir {
namespace {

using nlohmann::json;
using test::DatabaseTest;
using test::Ended;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The real time, moved.
class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(Milliseconds by) : by_(by) {}
  std::chrono::steady_clock::time_point now() const override { return system_clock().now(); }
  EpochMs wall() const override { return system_clock().wall() + by_.count(); }
  void sleep(Milliseconds duration) override { system_clock().sleep(duration); }

 private:
  const Milliseconds by_;
};

class Doctor : public DatabaseTest {
 protected:
  // The checks of one subject, as the JSON says them.
  std::vector<json> said(const std::string& subject, const std::string& url = "") {
    std::vector<std::string> arguments = {"doctor", "--json"};
    if (!url.empty()) arguments.insert(arguments.end(), {"--url", url});
    last_ = weir(arguments);
    std::vector<json> found;
    const json document = json::parse(last_.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << last_.out << last_.err;
    if (!document.is_object()) return found;
    bool problem = false;
    for (const auto& check : document["checks"]) {
      if (check["subject"] == subject) found.push_back(check);
      problem = problem || check["level"] == "problem";
    }
    EXPECT_EQ(last_.exit_code, problem ? 1 : 0) << "warnings do not fail, problems do: " << last_.out;
    return found;
  }
  // The only check of a subject; "level: message -> remedy".
  std::string one(const std::string& subject, const std::string& url = "") {
    const auto found = said(subject, url);
    EXPECT_EQ(found.size(), 1U) << subject << " in " << last_.out;
    return found.empty() ? "" : text_of(found[0]);
  }
  static std::string text_of(const json& check) {
    return check["level"].get<std::string>() + ": " + check["message"].get<std::string>() +
           (check["remedy"].is_null() ? "" : " -> " + check["remedy"].get<std::string>());
  }
  // The remedy of the first check that is not good.
  std::string remedy(const std::string& subject, const std::string& url = "") {
    for (const auto& check : said(subject, url)) {
      if (check["level"] != "good") return check["remedy"].is_null() ? "" : check["remedy"].get<std::string>();
    }
    ADD_FAILURE() << "nothing is wrong with " << subject << ": " << last_.out;
    return "";
  }
  std::string level(const report::Examination& examination, const std::string& subject) {
    for (const auto& check : examination.checks) {
      if (check.subject == subject) return check.level == db::Diagnosis::Level::kGood ? "good" : "not good";
    }
    return "";
  }
  void table_and_fill(const std::string& toml = "inline_rows = 0\n") {
    project().write("weir.toml", toml);
    schema("20260101000000_table",
           "-- migrate:up\nCREATE TABLE t (id bigint PRIMARY KEY, a text);\nINSERT INTO t VALUES (1, NULL);\n");
    data("20260102000000_fill",
         "-- over: t\n-- where: a IS NULL\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch\n");
    ASSERT_EQ(weir({"migrate"}).exit_code, 0);
  }
  const Ended& last() const { return last_; }

 private:
  Ended last_;
};
INSTANTIATE_TEST_SUITE_P(On, Doctor, ::testing::Values("sqlite", "postgres"), test::engine_name);

TEST_P(Doctor, FindsAHealthyDatabaseHealthy) {
  if (!is_postgres()) exec("PRAGMA journal_mode = WAL");
  table_and_fill("");
  const Ended ended = weir({"doctor"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  EXPECT_TRUE(has(ended.out, "0 problems, 0 warnings\n")) << ended.out;
  const json document = json::parse(weir({"doctor", "--json"}).out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["engine"], GetParam());
  for (const auto* subject :
       {"connection", "version", "clock", "ledger", "deploy lock", "migrations", "runs", "slices"})
    EXPECT_TRUE(has(one(subject), "good: ")) << subject;
}

TEST_P(Doctor, WritesNothing) {
  exec("CREATE TABLE t (id int)");
  EXPECT_TRUE(has(one("ledger"), "none yet"));
  EXPECT_FALSE(has_table("weir_meta"));
}

TEST_P(Doctor, NamesAHalfAppliedMigration) {
  schema("20260101000000_half", "-- migrate:up transaction:false\nCREATE TABLE h (id int);\nSELECT broken;\n");
  ASSERT_NE(weir({"migrate"}).exit_code, 0);
  EXPECT_EQ(one("migrations"), "problem: 20260101000000 half is half applied: 1 of 2 statements -> weir migrate");
}

TEST_P(Doctor, NamesFilesThatAreGoneOrChanged) {
  schema("20260101000000_gone", "-- migrate:up\nCREATE TABLE g (id int);\n");
  schema("20260102000000_changed", "-- migrate:up\nCREATE TABLE c (id int);\n");
  ASSERT_EQ(weir({"migrate"}).exit_code, 0);
  project().remove("db/migrate/20260101000000_gone.sql");
  schema("20260102000000_changed", "-- migrate:up\nCREATE TABLE c (id bigint);\n");
  const auto found = said("migrations");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(has(text_of(found[0]), "warning: 20260101000000 gone is applied, but its file is gone -> restore"));
  EXPECT_TRUE(has(text_of(found[1]), "warning: 20260102000000 changed was changed after it was applied"));
  project().write("db/migrate/20260103000000_bad.sql", "-- migrate:upp\n");
  EXPECT_TRUE(has(one("files"), "problem: "));
  EXPECT_TRUE(said("migrations").empty()) << "without the files nothing is called gone";
}

TEST_P(Doctor, NamesARunWhoseWorkerIsDead) {
  table_and_fill();
  EXPECT_TRUE(has(one("runs"), "good: "));
  exec("UPDATE weir_runs SET state = 'running', started_at_ms = 1");
  EXPECT_EQ(one("runs"), "problem: fill is running, but its worker is dead -> weir run fill");
  ASSERT_EQ(weir({"run", "fill"}).exit_code, 0);
  EXPECT_TRUE(has(one("runs"), "good: "));
}

TEST_P(Doctor, RemovesOrphanedSlicesByItsRemedy) {
  table_and_fill();
  exec(
      "INSERT INTO weir_slices (version, attempt, ordinal, pass, state, updated_at_ms) VALUES ('5', 1, 0, 0, 'done', "
      "0)");
  const std::string sql = remedy("slices");
  EXPECT_TRUE(has(one("slices"), "problem: 1 rows of weir_slices belong to no run")) << sql;
  exec(sql);
  EXPECT_TRUE(has(one("slices"), "good: "));
  EXPECT_EQ(number("SELECT count(*) FROM weir_slices"), 1) << "the run's own slice stays";
}

TEST_P(Doctor, NamesWhoHoldsTheDeployLockAndSinceWhen) {
  table_and_fill("");
  const auto attempt = database().try_deploy_lock("somebody");
  ASSERT_TRUE(attempt.lock);
  const std::string held = one("deploy lock");
  EXPECT_TRUE(has(held, "good: held by pid ")) << held;
  EXPECT_TRUE(has(held, "somebody")) << held;
  EXPECT_TRUE(has(held, "since ")) << held;
  ShiftedClock later(std::chrono::hours(1));
  const auto examination = report::examine(database(), config(), later);
  EXPECT_EQ(level(examination, "deploy lock"), "not good") << "an hour is long for a deploy";
}

TEST_P(Doctor, ComparesTheClocks) {
  ShiftedClock ahead(std::chrono::seconds(10));
  exec("CREATE TABLE t (id int)");
  EXPECT_EQ(level(report::examine(database(), config(), ahead), "clock"), "not good");
  EXPECT_EQ(level(report::examine(database(), config(), system_clock()), "clock"), "good");
}

class DoctorOnPostgres : public Doctor {
 protected:
  void TearDown() override {
    if (!role_.empty()) {
      exec("REASSIGN OWNED BY " + role_ + " TO CURRENT_USER; DROP OWNED BY " + role_ + "; DROP ROLE " + role_);
    }
    Doctor::TearDown();
  }
  // The URL of a new role that may do nothing.
  std::string restricted() {
    role_ = url().substr(url().rfind('/') + 1) + "_r";
    exec("CREATE ROLE " + role_ + " LOGIN");
    std::string other = url();
    return other.replace(other.find("weir@"), 4, role_);
  }
  const std::string& role() const { return role_; }

 private:
  std::string role_;
};
WEIR_ON_POSTGRES(DoctorOnPostgres);

TEST_P(DoctorOnPostgres, FindsAnInvalidIndexAndItsRemedyRemovesIt) {
  exec("CREATE TABLE t (n int); INSERT INTO t VALUES (1), (1)");
  test::thrown_by([&] { exec("CREATE UNIQUE INDEX CONCURRENTLY \"T n\" ON t (n)"); });
  const std::string found = one("invalid indexes");
  EXPECT_TRUE(has(found, "problem: \"public\".\"T n\" on table t is INVALID")) << found;
  EXPECT_TRUE(has(found, "REINDEX INDEX CONCURRENTLY \"public\".\"T n\";")) << found;
  const std::string drop = remedy("invalid indexes");
  ASSERT_TRUE(drop.starts_with("DROP INDEX CONCURRENTLY \"public\".\"T n\";")) << drop;
  exec(drop.substr(0, drop.find(';')));
  EXPECT_EQ(one("invalid indexes"), "good: none");
}

TEST_P(DoctorOnPostgres, TakesAPartitionedIndexWithoutAllItsPartsForSound) {
  exec("CREATE TABLE p (n int) PARTITION BY RANGE (n); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)");
  exec("CREATE INDEX p_n ON ONLY p (n)");
  EXPECT_EQ(number("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), 1);
  EXPECT_EQ(one("invalid indexes"), "good: none");
}

TEST_P(DoctorOnPostgres, NamesAnIdleTransactionWithoutTheLiteralsOfItsQuery) {
  exec("CREATE TABLE t (id int)");
  const auto other = connect();
  other->execute_text("SET application_name = 'the app'");
  other->begin();
  other->execute_text("SELECT count(*) FROM t WHERE 'geheim' <> ''");
  std::string found;
  for (int attempt = 0; attempt < 200 && !has(found, "idle in transaction"); ++attempt) {
    found = one("sessions");
    system_clock().sleep(Milliseconds(50));
  }
  EXPECT_TRUE(has(found, "warning: pid ")) << found;
  EXPECT_TRUE(has(found, "user weir, the app")) << found;
  EXPECT_TRUE(has(found, "SELECT pg_terminate_backend(")) << found;
  EXPECT_FALSE(has(last().out, "geheim")) << last().out;
  EXPECT_EQ(last().exit_code, 0) << "a warning";
  other->rollback();
  EXPECT_TRUE(has(one("sessions"), "good: "));
}

TEST_P(DoctorOnPostgres, GivesTheGrantThatIsMissing) {
  const std::string limited = restricted();
  EXPECT_TRUE(has(one("monitoring", limited), "warning: "));
  EXPECT_TRUE(has(one("sessions", limited), "unknown: "));
  const std::string create = remedy("privileges", limited);
  EXPECT_EQ(create, "GRANT CREATE ON SCHEMA \"public\" TO \"" + role() + "\";");
  exec(create);
  exec(remedy("monitoring", limited));
  EXPECT_TRUE(has(one("privileges", limited), "good: "));
  EXPECT_TRUE(has(one("monitoring", limited), "good: "));
  table_and_fill("");  // the ledger belongs to another role now
  const std::string rights = remedy("privileges", limited);
  EXPECT_TRUE(rights.starts_with("GRANT SELECT, INSERT, UPDATE, DELETE ON \"public\".\"weir_")) << rights;
  EXPECT_TRUE(has(one("ledger", limited), "problem: ")) << last().out;
  exec(rights);
  EXPECT_TRUE(has(one("privileges", limited), "good: "));
  EXPECT_TRUE(has(one("ledger", limited), "good: "));
}

// Servers refuse PREPARE TRANSACTION unless they are told otherwise, so this one is the test's own.
TEST_P(DoctorOnPostgres, NamesAPreparedTransactionAndItsRemedyEndsIt) {
  const std::string kTool = test::source_path("tools/postgres-server");
  const test::TempDir dir;
  const std::string server = dir.path() / "server";
  const Ended started =
      test::run_process({kTool, "start", server, "-c", "fsync=off", "-c", "max_prepared_transactions=2"});
  ASSERT_EQ(started.exit_code, 0) << started.err;
  const std::string there(trim(started.out));
  EXPECT_EQ(one("prepared transactions", there), "good: none");
  const auto psql = [&](const std::string& sql) { return test::run_process({"psql", there, "-X", "-q", "-c", sql}); };
  test::run_process({"psql", there, "-X", "-q", "-c", "BEGIN", "-c", "CREATE TABLE p (id int)", "-c",
                     "PREPARE TRANSACTION 'it''s left'"});
  const std::string found = one("prepared transactions", there);
  EXPECT_TRUE(has(found, "warning: 'it''s left' of weir is ")) << found;
  const std::string remedy = found.substr(found.find("ROLLBACK PREPARED"));
  EXPECT_EQ(remedy, "ROLLBACK PREPARED 'it''s left';");
  EXPECT_EQ(psql(remedy).exit_code, 0);
  EXPECT_EQ(one("prepared transactions", there), "good: none");
  test::run_process({kTool, "stop", server, "immediate"});
}

TEST_P(DoctorOnPostgres, NamesAMissingSchema) {
  EXPECT_TRUE(has(one("privileges", url() + "?search_path=nowhere"), "problem: no schema of search_path (nowhere)"));
}

TEST_P(DoctorOnPostgres, SaysWhyItCannotConnectWithoutThePassword) {
  const std::string found = one("connection", "postgres://weir:geheim@127.0.0.1:1/none");
  EXPECT_TRUE(has(found, "problem: ")) << found;
  EXPECT_FALSE(has(last().out + last().err, "geheim"));
}

class DoctorOnSqlite : public Doctor {
 protected:
  std::string file() { return (project().path() / "test.db").string(); }
};
INSTANTIATE_TEST_SUITE_P(On, DoctorOnSqlite, ::testing::Values("sqlite"), test::engine_name);

TEST_P(DoctorOnSqlite, AdvisesTheLogAndItsRemedyTurnsItOn) {
  exec("CREATE TABLE t (id int)");
  EXPECT_TRUE(has(one("journal mode"), "warning: delete: "));
  EXPECT_EQ(test::run_process({"sh", "-c", remedy("journal mode")}).exit_code, 0);
  EXPECT_EQ(one("journal mode"), "good: wal");
}

TEST_P(DoctorOnSqlite, FindsRowsThatReferToNothing) {
  exec("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a (id))");
  EXPECT_TRUE(has(one("foreign keys"), "good: "));
  exec("INSERT INTO b VALUES (5)");
  EXPECT_TRUE(has(one("foreign keys"), "problem: rows of table b refer to rows of a that do not exist -> sqlite3"));
}

TEST_P(DoctorOnSqlite, FindsADamagedFile) {
  exec("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); CREATE INDEX t_x ON t (x)");
  exec(
      "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 5000) INSERT INTO t SELECT i, i FROM "
      "s");
  EXPECT_TRUE(has(one("integrity"), "good: "));
  disconnect();
  std::fstream out(file(), std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(4096 * 3);
  out << std::string(4096, 'x');
  out.close();
  EXPECT_TRUE(has(one("integrity"), "problem: "));
}

TEST_P(DoctorOnSqlite, FindsALeftoverLockFileAndItsRemedyRemovesIt) {
  exec("CREATE TABLE t (id int)");
  EXPECT_EQ(one("lock file"), "good: no leftover");
  project().write("test.db-weir-lock", "1\npid 1 on here\n");
  EXPECT_TRUE(has(one("lock file"), "warning: "));
  EXPECT_EQ(test::run_process({"sh", "-c", remedy("lock file")}).exit_code, 0);
  EXPECT_EQ(one("lock file"), "good: no leftover");
}

TEST_P(DoctorOnSqlite, FindsAFileThatMayNotBeWritten) {
  exec("CREATE TABLE t (id int)");
  disconnect();
  std::filesystem::permissions(file(), static_cast<std::filesystem::perms>(0444));
  // Root may write everything: then it is somebody else who looks.
  const uid_t self = ::geteuid();
  std::filesystem::permissions(project().path(), std::filesystem::perms::all);
  ASSERT_EQ(::seteuid(self == 0 ? 65534 : self), 0);
  const std::string found = one("file");
  ASSERT_EQ(::seteuid(self), 0);
  EXPECT_TRUE(has(found, "problem: ")) << found;
}

TEST_P(DoctorOnSqlite, TakesAMissingFileForANewProjectAndATextForNoDatabase) {
  EXPECT_TRUE(has(one("connection"), "warning: there is no database"));
  EXPECT_FALSE(std::filesystem::exists(file()));
  project().write("test.db", std::string(5000, 'x'));
  EXPECT_TRUE(has(one("connection"), "problem: "));
}

}  // namespace
}  // namespace weir
