// `weir migrate` killed at random moments: a schema migration happens as a whole or not at all.
#include <fmt/format.h>

#include "crash/scenarios.hpp"

namespace weir::crash {
namespace {

constexpr const char* kFiveStatements = R"sql(-- migrate:up
CREATE TABLE made (id bigint PRIMARY KEY, n bigint NOT NULL);
INSERT INTO journal (what) VALUES ('deployed');
UPDATE t SET n = n + 1;
ALTER TABLE t ADD COLUMN extra text;
CREATE INDEX t_n ON t (n);
-- migrate:down
DROP TABLE made;
)sql";

void check(Sql& sql, const Table& table) {
  check_rows(sql, table);
  const auto expect_one = [&](const std::string& query) {
    if (const auto count = sql.integer(query); count != 1)
      throw Failure(fmt::format("{} instead of 1: {}", count, query));
  };
  expect_one("SELECT count(*) FROM journal");
  expect_one("SELECT count(*) + 1 FROM made");
  expect_one("SELECT count(*) + 1 FROM t WHERE extra IS NOT NULL");
  expect_one("SELECT count(*) FROM weir_migrations WHERE state = 'applied' AND statements_done = 5");
  expect_one("SELECT count(*) FROM weir_migrations");
}

// Many small migrations, of which some share a transaction or their journal's writes.
constexpr int kMany = 24;

bool has_several_statements(int number) { return number % 4 == 0; }

void add_many(Project& project) {
  for (int i = 1; i <= kMany; ++i) {
    project.add_numbered_migration(
        i, has_several_statements(i)
               ? fmt::format(
                     "-- migrate:up\nCREATE TABLE m{0} (id bigint PRIMARY KEY);\nINSERT INTO journal (what) VALUES "
                     "('up {0}');\nUPDATE counter SET n = n + 1;\n-- migrate:down\nINSERT INTO journal (what) "
                     "VALUES ('down {0}');\nUPDATE counter SET n = n - 1;\nDROP TABLE m{0};\n",
                     i)
               : fmt::format("-- migrate:up\nCREATE TABLE m{0} (id bigint PRIMARY KEY);\n-- migrate:down\nDROP TABLE "
                             "m{0};\n",
                             i));
  }
}

// As if nothing had been killed.
void check_many(Sql& sql, const std::string& direction, int applied) {
  const auto expect = [&](const std::string& query, std::int64_t wanted) {
    if (const auto count = sql.integer(query); count != wanted)
      throw Failure(fmt::format("{} instead of {}: {}", count, wanted, query));
  };
  for (int i = 1; i <= kMany; ++i) {
    if (applied > 0) expect(fmt::format("SELECT count(*) FROM m{}", i), 0);
    if (has_several_statements(i))
      expect(fmt::format("SELECT count(*) FROM journal WHERE what = '{} {}'", direction, i), 1);
  }
  expect("SELECT count(*) FROM weir_migrations", applied);
  expect("SELECT count(*) FROM weir_migrations WHERE state = 'applied'", applied);
  expect("SELECT sum(n) FROM counter", applied / 4);
}

// Starts it until it ends by itself. Returns the kills.
template <typename Start>
int kill_until_done(Context& context, Microseconds& expected, Start start) {
  for (int kills = 0;; ++kills) {
    const auto process = start();
    const bool leave = expected == Microseconds(0) || kills >= 6;
    if (!leave) process->wait_for(context.random.moment(expected * 6 / 5));
    if (!leave && process->kill()) {
      context.count_kill(0);
      continue;
    }
    if (const int code = process->wait(); code != 0)
      throw Failure(fmt::format("weir ended with {}:\n{}", code, process->output()));
    const auto took = std::chrono::duration_cast<Microseconds>(Clock::now() - process->started());
    if (kills == 0) expected = expected == Microseconds(0) ? took : std::min(expected, took);
    return kills;
  }
}

}  // namespace

std::string deploys_killed(Context& context) {
  const int wanted = context.amount(60, 8);
  int kills = 0, rounds = 0;
  Microseconds up{0}, down{0};
  for (; kills < wanted; ++rounds) {
    const auto store = context.engine.fresh(context.folder, context.random);
    Sql sql(store->url());
    sql.execute("CREATE TABLE journal (what varchar(100) NOT NULL)");
    sql.execute("CREATE TABLE counter (n bigint NOT NULL)");
    sql.execute("INSERT INTO counter VALUES (0)");
    Project project(context, store->url());
    add_many(project);
    kills += kill_until_done(context, up, [&] { return project.migrate(); });
    check_many(sql, "up", kMany);
    kills += kill_until_done(context, down, [&] { return project.roll_back_all(); });
    check_many(sql, "down", 0);
  }
  return fmt::format("{} kills in {} deploys of {} migrations and their rollbacks", kills, rounds, kMany);
}

std::string migrate_killed(Context& context) {
  const int wanted = context.amount(60, 8);
  int kills = 0;
  int rounds = 0;
  int whole = 0;  // killed after its commit
  Microseconds expected{300'000};
  for (; kills < wanted; ++rounds) {
    const auto store = context.engine.fresh(context.folder, context.random);
    Sql sql(store->url());
    const Table table = create_table(sql, key_type_of_round(rounds), 5'000);
    sql.execute("CREATE TABLE journal (what text NOT NULL)");
    Project project(context, store->url());
    project.add_schema_migration(kFiveStatements);
    for (int starts = 0;; ++starts) {
      const auto process = project.migrate();
      const bool leave = rounds == 0 || starts >= 4;
      if (!leave) process->wait_for(context.random.moment(expected * 6 / 5));
      if (!leave && process->kill()) {
        ++kills;
        context.count_kill(0);
        const auto done = sql.integer("SELECT count(*) FROM journal");
        if (done > 1) throw Failure("a statement happened twice");
        whole += static_cast<int>(done);
        continue;
      }
      if (const int code = process->wait(); code != 0)
        throw Failure(fmt::format("weir migrate ended with {}:\n{}", code, process->output()));
      const auto took = std::chrono::duration_cast<Microseconds>(Clock::now() - process->started());
      expected = rounds == 0 ? took : std::min(expected, took);
      break;
    }
    check(sql, table);
  }
  return fmt::format("{} kills ({} after the commit), {} completions", kills, whole, rounds);
}

}  // namespace weir::crash
