// The program as people and scripts use it: exit codes, JSON (docs and CONTRACTS), ten at once.
#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <unistd.h>

#include "support/database_test.hpp"
#include "support/places.hpp"

namespace weir {
namespace {

using nlohmann::json;
using test::DatabaseTest;
using test::Ended;

constexpr const char* kTable =
    "-- change: c\n-- migrate:up\nCREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL, a text);\n"
    "INSERT INTO t VALUES (1, 0, NULL), (2, 0, NULL), (3, 0, NULL);\n-- migrate:down\nDROP TABLE t;\n";
constexpr const char* kFill =
    "-- change: c\n-- requires: table\n-- over: t\n-- where: a IS NULL\n-- migrate:batch\n"
    "UPDATE t SET a = 'x', n = n + 1 WHERE :batch\n-- migrate:verify\n"
    "SELECT count(*) FROM t WHERE a IS NULL\n";
constexpr const char* kContract = "-- change: c\n-- requires: fill\n-- migrate:up\nCREATE INDEX t_n ON t (n);\n";

class Program : public DatabaseTest {
 protected:
  void three_steps(const std::string& toml = "") {
    schema("20260101000000_table", kTable);
    data("20260102000000_fill", kFill);
    schema("20260103000000_contract", kContract);
    if (!toml.empty()) project().write("weir.toml", toml);
  }
  // Runs with --json; the document must parse and begin with its version.
  json said(const std::vector<std::string>& arguments, int exit_code) {
    std::vector<std::string> with = arguments;
    with.push_back("--json");
    const Ended ended = weir(with);
    EXPECT_EQ(ended.exit_code, exit_code) << ended.out << ended.err;
    const json document = json::parse(ended.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << "not JSON: " << ended.out;
    if (!document.is_object()) return json::object();
    EXPECT_EQ(document.value("schema", 0), 1);
    EXPECT_TRUE(ended.out.starts_with("{\n  \"schema\": 1")) << ended.out;
    return document;
  }
  void fill_for_a_long_run() {
    // With a log the readers of the test never wait for the writer.
    if (is_sqlite()) exec("PRAGMA journal_mode = WAL");
    exec(
        "INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 20000) "
        "SELECT i, 0 FROM s");
  }
  json error(const std::vector<std::string>& arguments, int exit_code) {
    const json document = said(arguments, exit_code);
    EXPECT_TRUE(document.contains("error")) << document;
    const json body = document.value("error", json::object());
    for (const char* field : {"code", "message", "hint", "file", "line", "column", "sqlstate"})
      EXPECT_TRUE(body.contains(field)) << field << " is missing in " << body;
    return body;
  }
};
WEIR_ON_EVERY_ENGINE(Program);

void expect_fields(const json& object, const std::vector<std::string>& fields) {
  for (const auto& field : fields) EXPECT_TRUE(object.contains(field)) << field << " is missing in " << object.dump();
}

TEST_P(Program, MigratesReportsAndVerifies) {
  three_steps();
  EXPECT_EQ(weir({"migrate"}).exit_code, 0);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 3);
  const Ended status = weir({"status"});
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_NE(status.out.find("c"), std::string::npos);
  EXPECT_EQ(status.out.find('\x1b'), std::string::npos) << "no colour into a file";
  EXPECT_EQ(weir({"verify"}).exit_code, 0);
  exec("UPDATE t SET a = NULL");
  EXPECT_EQ(weir({"verify"}).exit_code, 7);
}

TEST_P(Program, StatusJsonCarriesTheContract) {
  three_steps("inline_rows = 2\n");
  said({"migrate"}, 0);
  const json status = said({"status"}, 0);
  expect_fields(status, {"schema", "engine", "migrations", "changes", "runs", "lock"});
  EXPECT_EQ(status["engine"], GetParam());
  ASSERT_EQ(status["migrations"].size(), 3U);
  for (const auto& migration : status["migrations"])
    expect_fields(migration, {"version", "name", "kind", "change", "state", "applied_at", "waits_for",
                              "statements_done", "statements_total"});
  EXPECT_EQ(status["migrations"][0]["state"], "applied");
  EXPECT_EQ(status["migrations"][0]["version"], "20260101000000");
  EXPECT_EQ(status["migrations"][0]["kind"], "schema");
  EXPECT_EQ(status["migrations"][1]["state"], "queued");
  EXPECT_EQ(status["migrations"][1]["kind"], "data");
  expect_fields(status["migrations"][1], {"rows_done", "rows_total", "residual", "rate", "eta_seconds", "workers"});
  EXPECT_EQ(status["migrations"][2]["state"], "waiting");
  EXPECT_EQ(status["migrations"][2]["waits_for"], json::array({"fill"}));
  EXPECT_EQ(status["changes"][0]["name"], "c");
  EXPECT_EQ(status["runs"].size(), 1U);
  EXPECT_TRUE(status["lock"].is_null());
}

TEST_P(Program, StatusNamesEveryStateOfASchemaMigration) {
  three_steps();
  EXPECT_EQ(said({"status"}, 0)["migrations"][0]["state"], "pending") << "status makes no ledger";
  schema("20260104000000_edited", "-- migrate:up\nCREATE TABLE e (id int);\n");
  schema("20260105000000_gone", "-- migrate:up\nCREATE TABLE g (id int);\n");
  schema("20260106000000_half",
         "-- migrate:up transaction:false\nCREATE TABLE h (id int);\nCREATE TABLE h (id int);\n");
  error({"migrate"}, 1);
  schema("20260104000000_edited", "-- migrate:up\nCREATE TABLE e (id bigint);\n");
  project().remove("db/migrate/20260105000000_gone.sql");
  std::map<std::string, std::string> states;
  const json status = said({"status"}, 0);
  for (const auto& migration : status["migrations"]) states[migration["name"]] = migration["state"];
  EXPECT_EQ(states["table"], "applied");
  EXPECT_EQ(states["fill"], "succeeded");
  EXPECT_EQ(states["edited"], "changed");
  EXPECT_EQ(states["gone"], "missing");
  EXPECT_EQ(states["half"], "partial");
}

TEST_P(Program, EveryCommandSpeaksJson) {
  three_steps("inline_rows = 2\n");
  const json dry = said({"migrate", "--dry-run"}, 0);
  EXPECT_EQ(dry["dry_run"], true);
  EXPECT_EQ(dry["steps"][0]["action"], "apply");
  EXPECT_EQ(said({"migrate", "--strict"}, 3)["steps"].size(), 3U);
  const json run = said({"run", "fill"}, 0)["run"];
  EXPECT_EQ(run["state"], "succeeded");
  EXPECT_EQ(run["rows_done"], 3);
  EXPECT_EQ(run["residual"], 0);
  EXPECT_EQ(said({"migrate", "--strict"}, 0)["steps"][0]["action"], "apply");
  EXPECT_EQ(said({"verify"}, 0)["clean"], true);
  EXPECT_EQ(said({"new", "schema", "more"}, 0)["created"].size(), 1U);
  EXPECT_EQ(said({"new", "data", "stuff", "--over", "t"}, 0)["created"].size(), 1U);
  error({"rollback"}, 1);  // contract has no migrate:down
}

TEST_P(Program, RollbackAnswersInJson) {
  schema("20260101000000_table", kTable);
  said({"migrate"}, 0);
  EXPECT_EQ(said({"rollback"}, 0)["rolled_back"][0]["name"], "table");
  EXPECT_EQ(said({"rollback"}, 0)["rolled_back"].size(), 0U);
}

TEST_P(Program, ErrorsNameCodePlaceAndWayOut) {
  schema("20260101000000_bad", "-- chnge: x\n-- migrate:up\n");
  const json bad = error({"migrate"}, 2);
  EXPECT_EQ(bad["code"], "invalid-file");
  EXPECT_EQ(bad["file"], "db/migrate/20260101000000_bad.sql");
  EXPECT_EQ(bad["line"], 1);
  EXPECT_EQ(bad["column"], 4);
  schema("20260101000000_bad", "-- migrate:up\nSELECT * FROM missing;\n");
  const json sql = error({"migrate"}, 1);
  EXPECT_EQ(sql["code"], "undefined-object");
  EXPECT_EQ(sql["line"], 2);
  if (is_postgres()) {
    EXPECT_EQ(sql["sqlstate"], "42P01");
    EXPECT_EQ(sql["column"], 15);
  }
  EXPECT_EQ(error({"run", "nothing"}, 2)["code"], "not-found");
  EXPECT_EQ(error({"migrat"}, 2)["code"], "usage");
  EXPECT_EQ(error({"migrate", "--lock-wait", "soon"}, 2)["code"], "usage");
  EXPECT_EQ(error({"-u", "oracle://x/y", "status"}, 2)["code"], "config");
}

TEST_P(Program, ExitCodesAreThoseOfTheDesign) {
  EXPECT_EQ(weir({"--help"}).exit_code, 0);
  EXPECT_EQ(weir({"--version"}).exit_code, 0);
  EXPECT_EQ(weir({"nonsense"}).exit_code, 2);
  three_steps("inline_rows = 2\n");
  EXPECT_EQ(weir({"migrate"}).exit_code, 0) << "waiting is no failure";
  EXPECT_EQ(weir({"migrate", "--strict"}).exit_code, 3);
  schema("20260104000000_later", "-- migrate:up\nCREATE TABLE x (id int);\n");
  auto lock = database().try_deploy_lock("somebody");
  EXPECT_EQ(weir({"migrate", "--lock-wait", "0ms"}).exit_code, 5);
  lock.lock.reset();
  data("20260102000000_fill",
       "-- over: t\n-- migrate:batch\nUPDATE t SET n = 1 WHERE :batch\n-- migrate:verify\nSELECT 1\n");
  EXPECT_EQ(weir({"run", "fill"}).exit_code, 7);
}

TEST_P(Program, Invariant4RunRefusesAClosedGate) {
  three_steps();
  exec("CREATE TABLE other (id integer)");  // the database is there, nothing is applied
  EXPECT_EQ(error({"run", "fill"}, 3)["code"], "gate-closed");
}

TEST_P(Program, Invariant12ParametersAppearNowhere) {
  schema("20260101000000_table", kTable);
  weir({"migrate"});
  data("20260102000000_set", "-- over: t\n-- param: v text\n-- migrate:batch\nUPDATE t SET a = :v WHERE :batch\n");
  const Ended run = weir({"run", "set", "--param", "v=ge'heim; DROP TABLE t"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(query("SELECT DISTINCT a FROM t"), "ge'heim; DROP TABLE t");
  const Ended status = weir({"status", "--json"});
  for (const auto& text : {run.out, run.err, status.out, status.err})
    EXPECT_EQ(text.find("heim"), std::string::npos) << text;
}

TEST_P(Program, AParameterThatIsNoTextIsAnErrorNotACrash) {
  schema("20260101000000_table", kTable);
  weir({"migrate"});
  data("20260102000000_set", "-- over: t\n-- param: v text\n-- migrate:batch\nUPDATE t SET a = :v WHERE :batch\n");
  EXPECT_EQ(error({"run", "set", "--param", "v=\xff"}, 2)["code"], "usage");
}

// Invariant 7.
TEST_P(Program, Invariant7TenDeployersAtOnceApplyEverythingOnce) {
  schema("20260101000000_table", kTable);
  schema("20260102000000_once", "-- migrate:up\nINSERT INTO t VALUES (4, 0, NULL);\nUPDATE t SET n = n + 1;\n");
  data("20260103000000_fill", "-- over: t\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  schema("20260104000000_loose", "-- migrate:up transaction:false\nUPDATE t SET n = n + 1;\n");
  std::vector<std::unique_ptr<test::ChildProcess>> children;
  for (int i = 0; i < 10; ++i) children.push_back(start_weir({"migrate"}));
  for (auto& child : children) {
    const Ended ended = child->wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  }
  EXPECT_EQ(query("SELECT count(*), min(n), max(n) FROM t"), "4|3|3");
  EXPECT_EQ(number("SELECT count(*) FROM weir_events WHERE kind = 'applied'"), 3);
  EXPECT_EQ(number("SELECT count(*) FROM weir_runs"), 1);
}

TEST_P(Program, TwoRunsAtOnceChangeEachRowOnce) {
  schema("20260101000000_table", "-- migrate:up\nCREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL);\n");
  weir({"migrate"});
  exec(
      "INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 2000) "
      "SELECT i, 0 FROM s");
  data("20260102000000_count", "-- over: t\n-- batch: 20\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  std::vector<std::unique_ptr<test::ChildProcess>> children;
  for (int i = 0; i < 4; ++i) children.push_back(start_weir({"run", "count"}));
  std::set<int> codes;
  for (auto& child : children) codes.insert(child->wait().exit_code);
  EXPECT_TRUE(codes.contains(0));
  for (const int code : codes) EXPECT_TRUE(code == 0 || code == 5) << code << ": neither done nor begun by another";
  EXPECT_EQ(weir({"run", "count"}).exit_code, 0);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

// Invariant 1 and 2, with a real death at an arbitrary moment.
TEST_P(Program, Invariant1AKilledRunGoesOnAtOnceAndChangesEachRowOnce) {
  schema("20260101000000_table", "-- migrate:up\nCREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL);\n");
  weir({"migrate"});
  fill_for_a_long_run();
  data("20260102000000_count", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  const auto child = start_weir({"run", "count"});
  // The look at the data is the sync point: the kill comes when the first batches are committed.
  while (number("SELECT count(*) FROM (SELECT 1 FROM t WHERE n > 0 LIMIT 50) AS seen") < 50) {
  }
  child->send(SIGKILL);
  EXPECT_EQ(child->wait().exit_code, 128 + SIGKILL);
  ASSERT_LT(number("SELECT count(*) FROM t WHERE n > 0"), 20'000) << "it was done before it could be killed";
  const Ended again = weir({"run", "count"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

TEST_P(Program, CtrlCPausesAndTheNextRunGoesOn) {
  schema("20260101000000_table", "-- migrate:up\nCREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL);\n");
  weir({"migrate"});
  fill_for_a_long_run();
  data("20260102000000_count", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  const auto child = start_weir({"run", "count"});
  while (number("SELECT count(*) FROM (SELECT 1 FROM t WHERE n > 0 LIMIT 50) AS seen") < 50) {
  }
  child->send(SIGINT);
  const Ended ended = child->wait();
  EXPECT_EQ(ended.exit_code, 6) << ended.err;
  EXPECT_NE((ended.out + ended.err).find("weir run"), std::string::npos) << "it says how to resume";
  EXPECT_EQ(run_state("count"), "paused");
  EXPECT_EQ(weir({"run", "count"}).exit_code, 0);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

TEST_P(Program, ADatabaseThatCannotBeWrittenIsNamedAsSuch) {
  three_steps();
  exec("CREATE TABLE x (id int)");
  if (is_postgres()) {
    const std::string name = query("SELECT current_database()");
    exec("ALTER DATABASE " + name + " SET default_transaction_read_only = on");
    EXPECT_EQ(error({"migrate"}, 1)["code"], "read-only");
  } else if (is_mysql()) {
    // A whole server would have to be read-only, and this one serves other tests.
    const std::string user = query("SELECT concat('r_', database())");
    exec("CREATE USER " + user + "@'127.0.0.1'; GRANT SELECT ON " + query("SELECT database()") + ".* TO " + user +
         "@'127.0.0.1'");
    std::string url_of_reader = url();
    url_of_reader.replace(url_of_reader.find("weir@"), 4, user);
    EXPECT_EQ(error({"-u", url_of_reader, "migrate"}, 1)["code"], "privilege");
    exec("DROP USER " + user + "@'127.0.0.1'");
  } else {
    disconnect();
    std::filesystem::permissions(project().path() / "test.db", std::filesystem::perms::owner_read,
                                 std::filesystem::perm_options::replace);
    std::vector<std::string> command = {test::program_path(), "-C", project().path().string(), "migrate", "--json"};
    // Root may write every file.
    if (::geteuid() == 0) command.insert(command.begin(), {"setpriv", "--reuid=65534", "--clear-groups", "--"});
    if (::geteuid() == 0) std::filesystem::permissions(project().path() / "test.db", std::filesystem::perms(0444));
    const Ended ended = test::run_process(command, {{"DATABASE_URL", url()}});
    if (ended.exit_code >= 126)
      GTEST_SKIP() << "another user cannot execute " << test::program_path() << ": " << ended.err;
    EXPECT_EQ(ended.exit_code, 1) << ended.out;
    EXPECT_EQ(json::parse(ended.out)["error"]["code"], "read-only") << ended.out;
  }
  EXPECT_FALSE(has_table("t"));
}

TEST_P(Program, AServerThatCannotBeReachedIsNamedWithoutPassword) {
  three_steps();
  const std::string url =
      pick("postgres://me:geheim@127.0.0.1:1/x", "sqlite:/nowhere/geheim.db", "mysql://me:geheim@127.0.0.1:1/x");
  const Ended ended = weir({"-u", url, "migrate", "--json"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out;
  EXPECT_EQ(json::parse(ended.out)["error"]["code"], "cannot-connect");
  if (!is_sqlite()) {
    EXPECT_EQ((ended.out + ended.err).find("geheim"), std::string::npos);
  }
}

TEST_P(Program, InitMakesAProjectThatWorks) {
  const test::TempDir empty;
  const auto in_it = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {test::program_path(), "-C", empty.path().string()});
    return test::run_process(arguments, {{"DATABASE_URL", url()}});
  };
  EXPECT_EQ(in_it({"init"}).exit_code, 0);
  EXPECT_EQ(in_it({"init"}).exit_code, 0) << "a second time changes nothing";
  EXPECT_EQ(in_it({"new", "schema", "add_things"}).exit_code, 0);
  const Ended migrated = in_it({"migrate"});
  EXPECT_EQ(migrated.exit_code, 0) << migrated.err;
  EXPECT_EQ(in_it({"status", "--json"}).exit_code, 0);
}

}  // namespace
}  // namespace weir
