// Walking tables by every kind of key: each row once, whatever the key looks like.
#include <fmt/format.h>

#include "ledger/runs.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::thrown_by;

class Keys : public DatabaseTest {
 protected:
  // Runs `n = n + 1` over k in batches of three, paused and resumed after every second batch, so that every cursor goes
  // through the ledger. Expects each row to be changed exactly once.
  void walk(const std::string& key_header = "") {
    data("1_walk",
         "-- over: k\n" + key_header + "-- batch: 3\n-- migrate:batch\nUPDATE k SET n = n + 1 WHERE :batch\n");
    const auto rows = number("SELECT count(*) FROM k");
    observer().after_batch = [this](int batch) {
      if (batch % 2 == 0) stop().request();
    };
    backfill::RunOutcome outcome;
    do {
      forget_stop();
      outcome = run("walk");
    } while (outcome.state == ledger::RunState::kPaused);
    EXPECT_EQ(outcome.rows_done, rows);
    EXPECT_EQ(query("SELECT min(n), max(n) FROM k"), "1|1");
    EXPECT_GE(observer().batches, static_cast<int>(rows) / 3);
    disconnect();
  }
  Error refused(const std::string& header = "") {
    data("1_walk", "-- over: k\n" + header + "-- migrate:batch\nUPDATE k SET n = n + 1 WHERE :batch\n");
    const Error error = failed_run("walk");
    EXPECT_EQ(error.place() ? error.place()->file : "", "db/data/1_walk.sql");
    EXPECT_EQ(run_state("walk"), "");
    return error;
  }
};
WEIR_ON_EVERY_ENGINE(Keys);

// What only MySQL and MariaDB have.
class MysqlKeys : public Keys {};
WEIR_ON_MYSQL(MysqlKeys);

TEST_P(MysqlKeys, UnsignedIntegersBeyondSixtyThreeBits) {
  exec(
      "CREATE TABLE k (id bigint unsigned PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
      "INSERT INTO k (id) VALUES (0), (1), (9223372036854775807), (9223372036854775808), (9223372036854775809), "
      "(18446744073709551613), (18446744073709551614), (18446744073709551615)");
  walk();
}

TEST_P(MysqlKeys, TextInACharacterSetOfItsOwn) {
  exec(
      "CREATE TABLE k (a varchar(20) CHARACTER SET latin1 COLLATE latin1_german2_ci, b char(5) CHARACTER SET ascii, "
      "n int DEFAULT 0 NOT NULL, PRIMARY KEY (a, b));"
      "INSERT INTO k (a, b) VALUES ('ä', 'x'), ('ö', 'x'), ('ß', 'x'), ('o', 'x'), ('o', 'y'), ('Z', 'x'), ('z', 'y')");
  walk();
}

TEST_P(MysqlKeys, ATimestampWhoseZoneNeverPutsItsClocksBack) {
  exec(
      "CREATE TABLE k (id timestamp(3) DEFAULT CURRENT_TIMESTAMP(3) PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
      "SET time_zone = '+00:00'; INSERT INTO k (id) VALUES ('2026-10-25 00:30:00'), ('2026-10-25 01:30:00'), "
      "('2026-10-25 01:30:00.001'), ('2026-10-25 02:30:00'), ('1971-01-01 00:00:00')");
  data("1_walk", "-- over: k\n-- batch: 2\n-- migrate:batch\nUPDATE k SET n = n + 1 WHERE :batch\n");
  const auto utc = weir({"run", "walk", "--url", url() + "?time_zone=%2B02:00"});
  EXPECT_EQ(utc.exit_code, 0) << utc.err;
  EXPECT_EQ(query("SELECT min(n), max(n) FROM k"), "1|1");
}

TEST_P(MysqlKeys, ARangeOverACompositeKeyIsARangeOfTheIndex) {
  exec(
      "CREATE TABLE k (a int, b int, n int DEFAULT 0 NOT NULL, PRIMARY KEY (a, b));"
      "INSERT INTO k (a, b) WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 20000) "
      "SELECT 1, i FROM s; ANALYZE TABLE k");
  data("1_walk", "-- over: k\n-- batch: 100\n-- migrate:batch\nUPDATE k SET n = n + 1 WHERE :batch\n");
  exec("FLUSH STATUS");
  const auto read = [&] {
    return number("SELECT CAST(sum(variable_value) AS signed) FROM " +
                  std::string(is_mariadb() ? "information_schema" : "performance_schema") +
                  ".global_status WHERE variable_name LIKE 'handler_read%'");
  };
  const auto before = read();
  run("walk");
  EXPECT_LT(read() - before, 20 * 20'000) << "each batch reads its own rows, not all before it";
}

// What only PostgreSQL has.
class PostgresKeys : public Keys {};
WEIR_ON_POSTGRES(PostgresKeys);

TEST_P(Keys, NegativeIntegersWithGaps) {
  exec(
      "CREATE TABLE k (id bigint PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
      "INSERT INTO k (id) VALUES (-9223372036854775808), (-100), (-99), (-1), (0), (7), (1000000), (1000001), "
      "(9223372036854775807)");
  walk();
}

TEST_P(Keys, TextWithQuotesUmlautsAndCapitals) {
  exec(fmt::format("CREATE TABLE k (id {} PRIMARY KEY, n int DEFAULT 0 NOT NULL)", key_text()));
  exec(
      "INSERT INTO k (id) VALUES (''), (' '), ('a'), ('A'), ('b'), ('B'), ('ä'), ('Ä'), ('z'), ('it''s'), ('\"'), "
      "('$1'), (':x'), ('{\"text\":\"00\"}'), ('日本')");
  exec(pick("INSERT INTO k (id) VALUES ('\\')", "INSERT INTO k (id) VALUES ('\\')",
            "INSERT INTO k (id) VALUES ('\\\\')"));
  walk();
}

TEST_P(Keys, TextWithACollationOfItsOwn) {
  exec(pick("CREATE TABLE k (id text COLLATE \"C\" PRIMARY KEY, n int DEFAULT 0 NOT NULL)",
            "CREATE TABLE k (id text COLLATE NOCASE PRIMARY KEY, n int DEFAULT 0 NOT NULL)",
            "CREATE TABLE k (id varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, n int DEFAULT 0 NOT NULL)"));
  exec("INSERT INTO k (id) VALUES ('a'), ('B'), ('c'), ('D'), ('e'), ('F'), ('_'), ('1'), ('ß')");
  walk();
}

TEST_P(Keys, Composite) {
  exec(fmt::format("CREATE TABLE k (a int, b {}, c int, n int DEFAULT 0 NOT NULL, PRIMARY KEY (b, a, c))", key_text()));
  exec(
      "INSERT INTO k (a, b, c) VALUES (1, 'x', 1), (1, 'x', 2), (2, 'x', -1), (1, 'y', 1), (2, 'y', 0), (2, 'y', 1), "
      "(-3, 'a', 5), (0, '', 0), (1, 'x', 3), (9, 'z', 9)");
  walk();
}

TEST_P(Keys, CompositeWithOneLeadingValue) {
  exec("CREATE TABLE k (a int, b int, n int DEFAULT 0 NOT NULL, PRIMARY KEY (a, b))");
  for (int i = 0; i < 20; ++i) exec("INSERT INTO k (a, b) VALUES (1, " + std::to_string(i) + ")");
  walk();
}

TEST_P(Keys, Uuid) {
  const bool has_uuid = is_postgres() || is_mariadb();
  exec(fmt::format("CREATE TABLE k (id {} PRIMARY KEY, n int DEFAULT 0 NOT NULL)", has_uuid ? "uuid" : key_text()));
  exec(
      "INSERT INTO k (id) VALUES ('00000000-0000-0000-0000-000000000000'), ('ffffffff-ffff-ffff-ffff-ffffffffffff'), "
      "('123e4567-e89b-12d3-a456-426614174000'), ('123e4567-e89b-12d3-a456-426614174001'), "
      "('923e4567-e89b-12d3-a456-426614174000'), ('a23e4567-e89b-12d3-a456-426614174000'), "
      "('b23e4567-e89b-12d3-a456-426614174000')");
  walk();
}

TEST_P(Keys, Timestamp) {
  exec(pick("CREATE TABLE k (id timestamptz PRIMARY KEY, n int DEFAULT 0 NOT NULL)",
            "CREATE TABLE k (id text PRIMARY KEY, n int DEFAULT 0 NOT NULL)",
            "CREATE TABLE k (id datetime(6) PRIMARY KEY, n int DEFAULT 0 NOT NULL)"));
  if (is_mysql()) {
    exec(
        "INSERT INTO k (id) VALUES ('2026-01-01 00:00:00.000001'), ('2026-01-01 00:00:00.000002'), "
        "('2026-01-01 00:00:00'), ('1969-12-31 23:59:59'), ('2026-06-01 12:00:00'), ('9999-12-31 00:00:00'), "
        "('1000-01-01 00:00:00.999999')");
    return walk();
  }
  exec(
      "INSERT INTO k (id) VALUES ('2026-01-01 00:00:00.000001+00'), ('2026-01-01 00:00:00.000002+00'), "
      "('2026-01-01 00:00:00+00'), ('1969-12-31 23:59:59+00'), ('2026-06-01 12:00:00+02'), ('2026-06-01 12:00:00+00'), "
      "('9999-12-31 00:00:00+00')");
  if (is_postgres()) exec("INSERT INTO k (id) VALUES ('infinity'), ('-infinity'), ('0044-03-15 BC')");
  walk();
}

TEST_P(Keys, Bytes) {
  exec(
      pick("CREATE TABLE k (id bytea PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
           "INSERT INTO k (id) VALUES ('\\x'), ('\\x00'), ('\\x0001'), ('\\x7f'), ('\\x80'), ('\\xff'), ('\\xff00'), "
           "('\\x2761')",
           "CREATE TABLE k (id blob PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
           "INSERT INTO k (id) VALUES (x''), (x'00'), (x'0001'), (x'7f'), (x'80'), (x'ff'), (x'ff00'), (x'2761')",
           "CREATE TABLE k (id varbinary(20) PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
           "INSERT INTO k (id) VALUES (x''), (x'00'), (x'0001'), (x'7f'), (x'80'), (x'ff'), (x'ff00'), (x'2761')"));
  walk();
}

TEST_P(Keys, FloatsWithAllTheirDigits) {
  exec(pick("CREATE TABLE k (id double precision PRIMARY KEY, n int DEFAULT 0 NOT NULL)",
            "CREATE TABLE k (id real PRIMARY KEY, n int DEFAULT 0 NOT NULL)"));
  exec("INSERT INTO k (id) VALUES (0.1), (0.30000000000000004), (0.3), (-1e300), (1e300), (1e-300), (0), (1), (2.5)");
  walk();
}

TEST_P(Keys, ValuesOfEveryStorageClassInOneColumn) {
  if (is_postgres()) {
    exec(
        "CREATE TABLE k (id numeric PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
        "INSERT INTO k (id) VALUES (1), (1.00000000000000000000001), (-5), (1e40), ('NaN'), ('Infinity'), (0.5)");
  } else if (is_mysql()) {
    exec(
        "CREATE TABLE k (id decimal(60,23) PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
        "INSERT INTO k (id) VALUES (1), (1.00000000000000000000001), (1.00000000000000000000002), (-5), (0.5), "
        "(1000000000000000000000000000000), (1000000000000000000000000000000.00000000000000000000001)");
  } else {
    exec(
        "CREATE TABLE k (id PRIMARY KEY NOT NULL, n int DEFAULT 0 NOT NULL);"
        "INSERT INTO k (id) VALUES (1), (-1), (1.5), ('1'), ('a'), (x'61'), (x''), (''), (9e999)");
  }
  walk();
}

TEST_P(Keys, AUniqueIndexInsteadOfAPrimaryKey) {
  exec(
      "CREATE TABLE k (id int NOT NULL, other int, n int DEFAULT 0 NOT NULL); CREATE UNIQUE INDEX k_id ON k (id);"
      "INSERT INTO k (id) VALUES (1), (2), (3), (4), (5), (6), (7)");
  walk();
}

TEST_P(Keys, ANullableKeyWithoutNullIsAccepted) {
  exec(
      "CREATE TABLE k (id int UNIQUE, n int DEFAULT 0 NOT NULL);"
      "INSERT INTO k (id) VALUES (1), (2), (3), (4), (5), (6), (7)");
  walk();
}

TEST_P(Keys, TheKeyThatTheFileNames) {
  exec("CREATE TABLE k (id int PRIMARY KEY, " + quoted("Order") +
       " int NOT NULL UNIQUE, n int DEFAULT 0 NOT NULL);"
       "INSERT INTO k (id, " +
       quoted("Order") + ") VALUES (1, 9), (2, 8), (3, 7), (4, 6), (5, 5), (6, 4), (7, 3)");
  walk("-- key: Order\n");
  auto ledger = ledger::Ledger::open(database(), connection());
  EXPECT_EQ(ledger::read_runs(*ledger).at(0).key_columns, std::vector<std::string>{"Order"});
}

TEST_P(Keys, ATableWhoseNamesNeedQuotes) {
  const std::string table = quoted("My \"`Table");
  const std::string column = quoted("select");
  exec("CREATE TABLE " + table + " (" + column + " int PRIMARY KEY, n int DEFAULT 0 NOT NULL); INSERT INTO " + table +
       " (" + column + ") VALUES (1), (2), (3), (4), (5)");
  data("1_walk",
       "-- over: " + table + "\n-- batch: 2\n-- migrate:batch\nUPDATE " + table + " SET n = n + 1 WHERE :batch\n");
  EXPECT_EQ(run("walk").rows_done, 5);
}

TEST_P(Keys, NullInTheKeyIsRefused) {
  exec("CREATE TABLE k (id int UNIQUE, n int DEFAULT 0 NOT NULL); INSERT INTO k (id) VALUES (1), (NULL)");
  EXPECT_EQ(refused().code(), Code::kNullKey);
}

TEST_P(Keys, NoUniqueKeyIsRefused) {
  exec("CREATE TABLE k (id int, n int DEFAULT 0 NOT NULL); CREATE INDEX i ON k (id)");
  EXPECT_EQ(refused().code(), Code::kNoUniqueKey);
}

TEST_P(Keys, KeysThatCannotBePagedByAreRefused) {
  if (is_mysql()) {
    // A prefix; and what compares otherwise than it is sorted.
    exec(
        "CREATE TABLE k (s varchar(100) NOT NULL, e enum('z', 'a') NOT NULL, f float NOT NULL, n int DEFAULT 0 NOT "
        "NULL,"
        " UNIQUE (s(5)), UNIQUE (e), UNIQUE (f))");
    EXPECT_EQ(refused().code(), Code::kNoUniqueKey);
    return;
  }
  exec(
      "CREATE TABLE k (id int NOT NULL, s text NOT NULL, n int DEFAULT 0 NOT NULL);"
      "CREATE UNIQUE INDEX i ON k (id) WHERE id > 0; CREATE UNIQUE INDEX j ON k (lower(s))");
  exec(pick("CREATE UNIQUE INDEX l ON k (s COLLATE \"POSIX\")", "CREATE UNIQUE INDEX l ON k (s COLLATE NOCASE)"));
  EXPECT_EQ(refused().code(), Code::kNoUniqueKey);
}

TEST_P(Keys, AKeyThatIsNotUniqueIsRefusedAndTheOthersAreNamed) {
  exec("CREATE TABLE k (id int PRIMARY KEY, n int DEFAULT 0 NOT NULL)");
  const Error error = refused("-- key: n\n");
  EXPECT_EQ(error.code(), Code::kNoUniqueKey);
  EXPECT_NE(error.hint().find("(id)"), std::string::npos) << error.hint();
}

// The index of citext ignores case; `key > :cursor` would be text's operator and pass rows over.
TEST_P(PostgresKeys, ATypeWhoseOperatorsAreOutsideSearchPathIsRefused) {
  exec("CREATE SCHEMA ext");
  try {
    exec("CREATE EXTENSION citext SCHEMA ext");
  } catch (const Error& error) {
    GTEST_SKIP() << error.message();
  }
  exec(
      "CREATE TABLE k (id ext.citext PRIMARY KEY, n int DEFAULT 0 NOT NULL);"
      "INSERT INTO k (id) VALUES ('a'), ('B'), ('c'), ('D'), ('e'), ('F'), ('g')");
  data("1_walk", "-- over: k\n-- migrate:batch\nUPDATE k SET n = n + 1 WHERE :batch\n");
  const Error error = failed_run("walk");
  EXPECT_EQ(error.code(), Code::kNoUniqueKey);
  EXPECT_NE(error.hint().find("search_path"), std::string::npos) << error.hint();
  const auto in_path = weir(
      {"run", "walk", "--url", url() + (url().find('?') == std::string::npos ? "?" : "&") + "search_path=public,ext"});
  EXPECT_EQ(in_path.exit_code, 0) << in_path.err;
  EXPECT_EQ(query("SELECT min(n), max(n) FROM k"), "1|1");
}

TEST_P(PostgresKeys, AnotherKeyIsTakenWhereOneHasOperatorsOutsideSearchPath) {
  exec("CREATE SCHEMA ext");
  try {
    exec("CREATE EXTENSION citext SCHEMA ext");
  } catch (const Error& error) {
    GTEST_SKIP() << error.message();
  }
  exec(
      "CREATE TABLE k (name ext.citext PRIMARY KEY, id int NOT NULL UNIQUE, n int DEFAULT 0 NOT NULL);"
      "INSERT INTO k (name, id) VALUES ('a', 1), ('B', 2), ('c', 3), ('D', 4), ('e', 5), ('F', 6), ('g', 7)");
  walk();
}

// Rows that a policy hides are neither changed nor counted as left over, so the run may not call itself complete.
TEST_P(PostgresKeys, ATableWhosePolicyHidesRowsIsRefused) {
  const std::string role = query("SELECT 'hidden_' || current_database()");
  exec(
      "CREATE TABLE k (id int PRIMARY KEY, n int DEFAULT 0 NOT NULL); INSERT INTO k (id) VALUES (1), (2), (3);"
      "ALTER TABLE k ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON k USING (id < 3);"
      "CREATE ROLE \"" +
      role + "\"; GRANT ALL ON k TO \"" + role + "\"; SET ROLE \"" + role + "\"");
  const Error error = thrown_by([&] { exec("UPDATE k SET n = 1"); });
  exec("RESET ROLE; DROP OWNED BY \"" + role + "\"; DROP ROLE \"" + role + "\"");
  EXPECT_EQ(error.code(), Code::kPrivilege);
  EXPECT_NE(error.hint().find("BYPASSRLS"), std::string::npos) << error.hint();
  EXPECT_EQ(query("SELECT min(n), max(n) FROM k"), "0|0");
}

TEST_P(Keys, AViewIsRefused) {
  exec("CREATE TABLE b (id int PRIMARY KEY, n int); CREATE VIEW k AS SELECT * FROM b");
  EXPECT_EQ(refused().code(), Code::kNotATable);
}

TEST_P(Keys, ATableThatIsNotThereIsRefused) { EXPECT_EQ(refused().code(), Code::kNotFound); }

// --- what the catalogue says

class Catalogue : public DatabaseTest {};
WEIR_ON_EVERY_ENGINE(Catalogue);

TEST_P(Catalogue, DescribesColumnsAndKeysWithThePrimaryKeyFirst) {
  exec(fmt::format("CREATE TABLE k (z int NOT NULL UNIQUE, a int NOT NULL, b {} NOT NULL, c int, PRIMARY KEY (b, a))",
                   key_text()));
  const auto table = connection().describe_table("k");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->kind, db::TableKind::kTable);
  ASSERT_EQ(table->columns.size(), 4U);
  EXPECT_EQ(table->columns[0].name, "z");
  EXPECT_TRUE(table->column("c")->nullable);
  EXPECT_FALSE(table->column("a")->nullable);
  EXPECT_EQ(table->column("missing"), nullptr);
  ASSERT_EQ(table->unique_keys.size(), 2U);
  EXPECT_TRUE(table->unique_keys[0].primary);
  EXPECT_EQ(table->unique_keys[0].columns, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(table->unique_keys[1].columns, std::vector<std::string>{"z"});
}

TEST_P(Catalogue, FindsATableHoweverItIsWritten) {
  exec("CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE " + quoted("Big One") + " (id int PRIMARY KEY)");
  for (const std::string& name : {std::string("k"), quoted("k"), std::string(" k ")})
    EXPECT_TRUE(connection().describe_table(name)) << name;
  // On MySQL and MariaDB the server's lower_case_table_names decides.
  EXPECT_EQ(connection().describe_table("K").has_value(), !is_mysql());
  EXPECT_TRUE(connection().describe_table(quoted("Big One")));
  const std::string schema = is_mysql() ? query("SELECT database()") : pick("public", "main");
  EXPECT_TRUE(connection().describe_table(schema + ".k"));
  EXPECT_FALSE(connection().describe_table("nothing"));
  for (const std::string name : {"", "a b", "k.", "a.b.c.d"}) {
    EXPECT_EQ(test::thrown_by([&] { connection().describe_table(name); }).code(), Code::kInvalidFile)
        << "'" << name << "'";
  }
}

TEST_P(Catalogue, FollowsChangesOfTheSchemaOnTheSameConnection) {
  exec("CREATE TABLE k (id int PRIMARY KEY)");
  EXPECT_EQ(connection().describe_table("k")->columns.size(), 1U);
  exec("ALTER TABLE k ADD COLUMN a int");
  EXPECT_EQ(connection().describe_table("k")->columns.size(), 2U);
  exec("DROP TABLE k");
  EXPECT_FALSE(connection().describe_table("k"));
}

}  // namespace
}  // namespace weir
