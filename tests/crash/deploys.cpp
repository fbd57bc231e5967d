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

}  // namespace

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
