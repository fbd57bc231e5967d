// `weir dump`: the same bytes for the same schema, loadable by the engine's own client, known as migrated afterwards.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/database_test.hpp"
#include "support/places.hpp"
#include "support/schema_zoo.hpp"

namespace weir {
namespace {

using nlohmann::json;
using test::DatabaseTest;
using test::Ended;
using test::run_process;

class Dump : public DatabaseTest {
 protected:
  void TearDown() override {
    if (!other_.empty()) exec("DROP DATABASE " + other_ + " WITH (FORCE)");
    DatabaseTest::TearDown();
  }
  std::string dump(const std::string& from = "") {
    std::vector<std::string> arguments = {"dump", "--file", "-"};
    if (!from.empty()) arguments.insert(arguments.end(), {"--url", from});
    const Ended ended = weir(arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.out;
  }
  // Another, empty database.
  std::string other_url() {
    if (!is_postgres()) return "sqlite:" + (project().path() / "other.db").string();
    const auto name = url().rfind('/') + 1;
    if (other_.empty()) {
      other_ = url().substr(name) + "_other";
      exec("CREATE DATABASE " + other_ + " TEMPLATE template0");
      disconnect();
    }
    return url().substr(0, name) + other_;
  }
  // By psql or sqlite3; returns the URL of the database.
  std::string load(const std::string& text) {
    const std::string file = project().write("loaded.sql", text);
    const std::string to = other_url();
    const Ended loaded =
        is_postgres() ? run_process({"psql", to, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file})
                      : run_process({"sqlite3", "-bail", to.substr(std::string("sqlite:").size()), ".read " + file});
    EXPECT_EQ(loaded.exit_code, 0) << loaded.err;
    EXPECT_EQ(loaded.out + loaded.err, "") << "the client had something to say";
    return to;
  }
  void migrations() {
    schema("20260101000000_table",
           "-- change: c\n-- migrate:up\nCREATE TABLE t (id bigint PRIMARY KEY, n bigint NOT NULL, a text);\n"
           "INSERT INTO t VALUES (1, 0, NULL);\n-- migrate:down\nDROP TABLE t;\n");
    data("20260102000000_fill",
         "-- over: t\n-- where: a IS NULL\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch\n");
    schema("R__view", "DROP VIEW IF EXISTS r;\nCREATE VIEW r AS SELECT id FROM t;\n");
    schema("20260103000000_it's_index", "-- requires: fill\n-- migrate:up\nCREATE INDEX t_a ON t (a);\n");
  }

 private:
  std::string other_;
};
INSTANTIATE_TEST_SUITE_P(On, Dump, ::testing::Values("sqlite", "postgres"), test::engine_name);

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_P(Dump, IsTheSameBytesAgainAndAfterLoading) {
  exec(pick(test::kPostgresZoo, test::kSqliteZoo));
  migrations();
  ASSERT_EQ(weir({"migrate"}).exit_code, 0);
  const std::string first = dump();
  EXPECT_EQ(dump(), first);
  EXPECT_EQ(dump(load(first)), first);
  for (const auto& part : pick(test::postgres_zoo_parts(), test::sqlite_zoo_parts()))
    EXPECT_TRUE(has(first, part)) << part << " is missing in\n" << first;
}

TEST_P(Dump, HoldsNothingThatDiffersBetweenMachines) {
  exec(pick(test::kPostgresZoo, test::kSqliteZoo));
  migrations();
  ASSERT_EQ(weir({"migrate"}).exit_code, 0);
  const std::string text = dump();
  for (const auto* noise : {"restrict", "Dumped", "Owner: -\n--", "version 1", "3.4", "setval", "geheim",
                            "sqlite_sequence", "statement_timeout", "GRANT", "127.0.0.1", "test@"})
    EXPECT_FALSE(has(text, noise)) << noise << " stands in\n" << text;
  exec("INSERT INTO counted (note) VALUES ('a'), ('b')");
  EXPECT_EQ(dump(), text) << "counters are no schema";
}

TEST_P(Dump, DoesNotDependOnTheOrderOfMaking) {
  exec("CREATE TABLE b (id bigint PRIMARY KEY, x text); CREATE TABLE a (id bigint PRIMARY KEY, y text)");
  exec("CREATE INDEX b_x ON b (x); CREATE INDEX a_y ON a (y); CREATE VIEW w AS SELECT id FROM b");
  exec("CREATE VIEW v AS SELECT id FROM a");
  const std::string one = dump();
  exec("DROP VIEW v; DROP VIEW w; DROP TABLE a; DROP TABLE b");
  exec("CREATE TABLE a (id bigint PRIMARY KEY, y text); CREATE TABLE b (id bigint PRIMARY KEY, x text)");
  exec("CREATE VIEW v AS SELECT id FROM a; CREATE VIEW w AS SELECT id FROM b");
  exec("CREATE INDEX a_y ON a (y); CREATE INDEX b_x ON b (x)");
  EXPECT_EQ(dump(), one);
}

TEST_P(Dump, LoadedMakesADatabaseThatIsMigrated) {
  migrations();
  ASSERT_EQ(weir({"migrate"}).exit_code, 0);
  const std::string to = load(dump());
  const Ended migrate = weir({"migrate", "--url", to});
  EXPECT_EQ(migrate.exit_code, 0) << migrate.err;
  EXPECT_EQ(migrate.out, "nothing to do: everything is applied\n");
  EXPECT_EQ(migrate.err, "") << "no file counts as changed";
  const json status = json::parse(weir({"status", "--json", "--url", to}).out);
  EXPECT_EQ(status["migrations"][0]["state"], "applied");
  EXPECT_EQ(status["migrations"][0]["change"], "c");
  EXPECT_GT(status["migrations"][0]["applied_at"], "2026-01-01");
  EXPECT_EQ(status["migrations"][1]["state"], "succeeded");
  schema("20260104000000_next", "-- migrate:up\nCREATE TABLE next (id int);\n");
  EXPECT_EQ(weir({"migrate", "--url", to}).exit_code, 0);
  schema("20260103000000_it's_index", "-- migrate:up\nCREATE INDEX t_b ON t (a);\n");
  EXPECT_TRUE(has(weir({"migrate", "--url", to}).err, "it's_index was changed after it was applied"));
  EXPECT_EQ(weir({"rollback", "--url", to, "--to", "20260103000000"}).exit_code, 1) << "no migrate:down";
}

TEST_P(Dump, ListsOneMigrationALineByReversedDigits) {
  for (const auto* version : {"20260101000012", "20260101000021", "20260101000003"})
    schema(version + std::string("_m") + version, "-- migrate:up\nSELECT 1;\n");
  ASSERT_EQ(weir({"migrate"}).exit_code, 0);
  const std::string text = dump();
  const auto place = [&](const std::string& version) { return text.find("VALUES ('" + version + "'"); };
  EXPECT_LT(place("20260101000021"), place("20260101000012"));
  EXPECT_LT(place("20260101000012"), place("20260101000003"));
  EXPECT_NE(place("20260101000003"), std::string::npos);
}

TEST_P(Dump, WithoutALedgerHasNone) {
  exec("CREATE TABLE t (id int)");
  const std::string text = dump();
  EXPECT_FALSE(has(text, "weir_"));
  EXPECT_EQ(dump(load(text)), text);
}

TEST_P(Dump, IsRefusedWhileAMigrationIsHalfApplied) {
  schema("20260101000000_half", "-- migrate:up transaction:false\nCREATE TABLE h (id int);\nSELECT broken;\n");
  ASSERT_NE(weir({"migrate"}).exit_code, 0);
  const Ended ended = weir({"dump"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_TRUE(has(ended.err, "half is half applied")) << ended.err;
  EXPECT_FALSE(std::filesystem::exists(project().path() / "db/schema.sql"));
}

TEST_P(Dump, WritesTheFileAndChecksIt) {
  exec("CREATE TABLE t (id int)");
  EXPECT_EQ(weir({"dump", "--check"}).exit_code, 2) << "there is no file yet";
  EXPECT_EQ(weir({"dump"}).out, "written  db/schema.sql\n");
  EXPECT_EQ(test::read_file(project().path() / "db/schema.sql"), dump());
  EXPECT_EQ(weir({"dump"}).out, "same     db/schema.sql\n");
  EXPECT_EQ(weir({"dump", "--check"}).exit_code, 0);
  exec("ALTER TABLE t ADD COLUMN added int");
  exec("CREATE TABLE u (id int)");
  const Ended differs = weir({"dump", "--check"});
  EXPECT_EQ(differs.exit_code, 7);
  EXPECT_TRUE(has(differs.out, "added")) << differs.out;
  EXPECT_TRUE(has(differs.out, pick("+ TABLE public.u\n", "+ TABLE u\n"))) << differs.out;
  const json document = json::parse(weir({"dump", "--check", "--json"}).out);
  EXPECT_EQ(document["up_to_date"], false);
  EXPECT_EQ(document["differences"].size(), 2U);
  EXPECT_EQ(weir({"dump", "--check", "--file", "-"}).exit_code, 2);
}

TEST_P(Dump, FollowsADeployWhenTheProjectSaysSo) {
  migrations();
  project().write("weir.toml", "[dump]\nfile = \"db/structure.sql\"\nafter_migrate = true\n");
  const auto file = project().path() / "db/structure.sql";
  ASSERT_EQ(weir({"migrate", "--dry-run"}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(file)) << "a dry run writes nothing";
  const Ended deployed = weir({"migrate"});
  EXPECT_EQ(deployed.exit_code, 0);
  EXPECT_TRUE(has(deployed.out, "written  db/structure.sql")) << deployed.out;
  EXPECT_EQ(test::read_file(file), dump());
  std::filesystem::remove_all(file);
  std::filesystem::create_directory(file);
  const Ended warned = weir({"migrate"});
  EXPECT_EQ(warned.exit_code, 0) << "the migration itself has succeeded";
  EXPECT_TRUE(has(warned.err, "warning: db/structure.sql was not written")) << warned.err;
}

class DumpOnPostgres : public Dump {};
WEIR_ON_POSTGRES(DumpOnPostgres);

TEST_P(DumpOnPostgres, DoesNotDependOnTheTimeZone) {
  exec("CREATE TABLE p (at timestamptz NOT NULL DEFAULT '2026-01-01 00:00:00+00') PARTITION BY RANGE (at)");
  exec("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2026-02-01 00:00:00+00')");
  const std::string text = dump();
  const Ended elsewhere = run_process({test::program_path(), "-C", project().path().string(), "dump", "--file", "-"},
                                      {{"DATABASE_URL", url()}, {"PGTZ", "Asia/Tokyo"}, {"LANG", "de_DE.UTF-8"}});
  EXPECT_EQ(elsewhere.out, text);
}

TEST_P(DumpOnPostgres, GivesNoPasswordToTheCommandLine) {
  const auto said = project().path() / "said";
  const std::string script =
      "#!/bin/sh\nif [ \"$1\" = --version ]; then exec " + std::string("/usr/bin/pg_dump --version; fi\n") +
      "{ echo \"$@\"; echo \"password=$PGPASSWORD\"; } > " + said.string() + "\nexec /usr/bin/pg_dump \"$@\"\n";
  const auto program = project().write("bin/pg_dump", script);
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  std::string with_password = url();
  with_password.insert(with_password.find('@'), ":ge%20heim%27");
  const Ended ended = run_process(
      {test::program_path(), "-C", project().path().string(), "dump", "--file", "-"},
      {{"DATABASE_URL", with_password}, {"PATH", program.parent_path().string() + ":" + std::getenv("PATH")}});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const std::string text = test::read_file(said);
  EXPECT_TRUE(has(text, "password=ge heim'")) << text;
  EXPECT_FALSE(has(text.substr(0, text.find('\n')), "heim")) << text;
}

TEST_P(DumpOnPostgres, PutsTheLedgerBackIntoItsOwnSchema) {
  exec("CREATE SCHEMA \"My App\"");
  migrations();
  const std::string there = url() + "?search_path=%22My%20App%22";
  ASSERT_EQ(weir({"migrate", "--url", there}).exit_code, 0);
  const std::string text = dump(there);
  const std::string loaded = load(text) + "?search_path=%22My%20App%22";
  EXPECT_EQ(dump(loaded), text);
  EXPECT_EQ(weir({"migrate", "--url", loaded}).out, "nothing to do: everything is applied\n");
}

TEST_P(DumpOnPostgres, SaysWhatPgDumpMayNotRead) {
  exec("CREATE TABLE t (id int)");
  const std::string role = url().substr(url().rfind('/') + 1) + "_r";
  exec("CREATE ROLE " + role + " LOGIN");
  std::string restricted = url();
  restricted.replace(restricted.find("weir@"), 4, role);
  const Ended ended = weir({"dump", "--file", "-", "--url", restricted});
  exec("DROP ROLE " + role);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_TRUE(has(ended.err, "permission denied for table t")) << ended.err;
}

}  // namespace
}  // namespace weir
