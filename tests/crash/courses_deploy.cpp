// Courses of `weir migrate` and `weir rollback`: every statement happens once, whichever way it is recorded.
#include <fmt/format.h>

#include "crash/course.hpp"

namespace weir::crash {
namespace {

constexpr int kFailed = 1;
const std::vector<std::string> kMigrate{"migrate"};
const std::vector<std::string> kRollBack{"rollback", "--to", "0"};

// A statement that shares no transaction with anything, and its counterpart, if the engine has one beyond DDL.
std::string apart(const Sql& sql) {
  if (!sql.is_server()) return "VACUUM;\n";
  return sql.is_mariadb() ? "CREATE INDEX t_n ON t (n);\n" : "CREATE INDEX CONCURRENTLY t_n ON t (n);\n";
}
std::string apart_undone(const Sql& sql) {
  if (!sql.is_server()) return "VACUUM;\n";
  return sql.is_mariadb() ? "DROP INDEX t_n ON t;\n" : "DROP INDEX CONCURRENTLY t_n;\n";
}

// Tables only, which may share a transaction or a journal's write; tables and rows; rows only; everything by itself.
void prepare_deploy(Scene& scene) {
  for (const auto* sql : {"CREATE TABLE journal (what varchar(100) NOT NULL)",
                          "CREATE TABLE counter (n bigint NOT NULL)", "INSERT INTO counter VALUES (0)"})
    scene.sql.execute(sql);
  const auto rows = [](const std::string& what, int number, int change) {
    return fmt::format("INSERT INTO journal (what) VALUES ('{} {}');\nUPDATE counter SET n = n + {};\n", what, number,
                       change);
  };
  const auto add = [&](int number, const std::string& ddl, const std::string& ddl_undone, bool has_rows,
                       const std::string& option) {
    scene.project.add_numbered_migration(number, fmt::format("-- migrate:up{0}\n{1}{2}-- migrate:down{0}\n{3}{4}",
                                                             option, ddl, has_rows ? rows("up", number, 1) : "",
                                                             has_rows ? rows("down", number, -1) : "", ddl_undone));
  };
  const auto table = [](int number) { return fmt::format("CREATE TABLE m{} (id bigint PRIMARY KEY);\n", number); };
  const auto drop = [](int number) { return fmt::format("DROP TABLE m{};\n", number); };
  add(1, table(1), drop(1), false, "");
  add(2, table(2), drop(2), false, "");
  add(3, table(3), drop(3), true, "");
  add(4, "", "", true, "");
  add(5, table(5) + apart(scene.sql), drop(5) + apart_undone(scene.sql), true, " transaction:false");
  scene.project.add_repeatable("rows",
                               "-- migrate:up transaction:false\nDROP VIEW IF EXISTS v;\nCREATE VIEW v AS "
                               "SELECT count(*) AS rows_done FROM t WHERE n = 1;\n");
}

void expect(Sql& sql, std::int64_t wanted, const std::string& query) {
  if (const auto found = sql.integer(query); found != wanted)
    throw Failure(fmt::format("{} instead of {}: {}", found, wanted, query));
}

void expect_journal(Sql& sql, const std::string& direction, int times) {
  for (const int number : {3, 4, 5})
    expect(sql, times, fmt::format("SELECT count(*) FROM journal WHERE what = '{} {}'", direction, number));
}

void check_deployed(Scene& scene, int times) {
  Sql& sql = scene.sql;
  for (const int number : {1, 2, 3, 5}) expect(sql, 0, fmt::format("SELECT count(*) FROM m{}", number));
  expect(sql, 0, "SELECT rows_done FROM v");
  expect(sql, 3, "SELECT n FROM counter");
  expect_journal(sql, "up", times);
  expect(sql, 5, "SELECT count(*) FROM weir_migrations");
  expect(sql, 5, "SELECT count(*) FROM weir_migrations WHERE state = 'applied' AND statements_done = statements_total");
  expect(sql, 1, "SELECT count(*) FROM weir_repeatables");
  expect(sql, 5 * times, "SELECT count(*) FROM weir_events WHERE kind = 'applied' AND version <> ''");
}

// Of a statement of which nothing tells whether it was executed the operator is asked. VACUUM may be repeated.
void end_deploy(Scene& scene, std::vector<std::string> words) {
  const auto process = scene.project.start(words);
  const int code = process->wait();
  if (code == 0) return;
  if (scene.sql.is_server() || process->whole_output().find("--repeat-statement") == std::string::npos)
    throw Failure(fmt::format("the next deploy ended with {}:\n{}", code, process->output()));
  words.insert(words.end(), {"--repeat-statement", "5"});
  scene.weir(words);
}

void complete_deploy(Scene& scene) {
  end_deploy(scene, kMigrate);
  check_deployed(scene, 1);
}

// What was rolled back can be applied again: nothing of it was left.
void complete_rollback(Scene& scene) {
  end_deploy(scene, kRollBack);
  Sql& sql = scene.sql;
  expect(sql, 0, "SELECT n FROM counter");
  expect(sql, 0, "SELECT count(*) FROM weir_migrations");
  expect_journal(sql, "down", 1);
  scene.weir(kMigrate);
  check_deployed(scene, 2);
}

// A unique index over equal values fails and leaves an invalid index behind.
void prepare_remains(Scene& scene) {
  scene.project.add_numbered_migration(
      1, "-- migrate:up transaction:false\nCREATE UNIQUE INDEX CONCURRENTLY t_n ON t (n);\n");
}

void complete_remains(Scene& scene) {
  scene.sql.execute("UPDATE t SET n = tag");
  scene.weir(kMigrate);
  expect(scene.sql, 1, "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('t_n') AND indisvalid");
  expect(scene.sql, 1, "SELECT count(*) FROM weir_migrations WHERE state = 'applied'");
}

void prepare_queue(Scene& scene) {
  scene.project.configure("inline_rows = 0\n");
  scene.project.add_data_migration(Where::kNone, 10);
}

void complete_queue(Scene& scene) {
  scene.weir(kMigrate);
  scene.weir({"run", "bump"});
  check_run(scene);
}

}  // namespace

std::vector<Course> deploy_courses() {
  std::vector<Course> all;
  all.push_back({"deploy", kMigrate, prepare_deploy, complete_deploy});
  all.push_back({"rollback", kRollBack,
                 [](Scene& scene) {
                   prepare_deploy(scene);
                   scene.weir(kMigrate);
                 },
                 complete_rollback});
  all.push_back({"deploy-resumed", kMigrate,
                 [](Scene& scene) {
                   prepare_deploy(scene);
                   scene.weir_killed_at("statement-acted", kMigrate);
                 },
                 complete_deploy});
  all.push_back({"remains", kMigrate, prepare_remains, complete_remains, Crew::kNone, "", nullptr, {kFailed}});
  all.push_back({"queue", kMigrate, prepare_queue, complete_queue});
  return all;
}

}  // namespace weir::crash
