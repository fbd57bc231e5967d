// Connections, transactions and the batch as one transaction: what every engine promises to the layers above it.
#include "db/connection.hpp"

#include <thread>

#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::thrown_by;

class Connection : public DatabaseTest {
 protected:
  // On a connection of its own, for another thread.
  std::int64_t number_elsewhere(const std::string& sql) const {
    return db::as_integer(connect()->execute_text(sql).rows.at(0).at(0));
  }
  Code code_of(const std::string& sql) {
    return thrown_by([&] { connection().execute_text(sql); }).code();
  }
};
WEIR_ON_EVERY_ENGINE(Connection);

// What only PostgreSQL has.
class PostgresConnection : public Connection {};
WEIR_ON_POSTGRES(PostgresConnection);

TEST_P(Connection, BindsValuesAndCountsRows) {
  make_rows(3);
  const auto sql = [&](const char* text) { return sql::Template(text, database().dialect()).render().sql; };
  EXPECT_EQ(
      connection().execute({sql("UPDATE t SET a = :a WHERE id > :i"), {std::string("it's"), std::int64_t{1}}}).affected,
      2);
  EXPECT_EQ(connection().execute({sql("SELECT a FROM t WHERE a = :a"), {std::string("it's")}}).rows.size(), 2U);
  EXPECT_EQ(connection().execute({sql("UPDATE t SET a = :a WHERE id = 3"), {db::Value{}}}).affected, 1);
  EXPECT_EQ(query("SELECT a FROM t ORDER BY id"), "NULL\nit's\nNULL");
}

TEST_P(Connection, NamesItsColumns) {
  EXPECT_EQ(connection().execute_text("SELECT 1 AS one, 2 AS two").columns, (std::vector<std::string>{"one", "two"}));
}

TEST_P(Connection, RollsBackWhatWasNotCommitted) {
  make_rows(3);
  {
    db::Transaction transaction(connection());
    exec("DELETE FROM t");
    EXPECT_TRUE(connection().in_transaction());
  }
  EXPECT_FALSE(connection().in_transaction());
  EXPECT_EQ(number("SELECT count(*) FROM t"), 3);
  {
    db::Transaction transaction(connection());
    exec("DELETE FROM t WHERE id = 1");
    transaction.commit();
  }
  EXPECT_EQ(number("SELECT count(*) FROM t"), 2);
}

TEST_P(Connection, IsUsableAfterAnErrorInATransaction) {
  make_rows(1);
  try {
    db::Transaction transaction(connection());
    exec("UPDATE t SET n = 5");
    exec("SELECT nonsense FROM t");
    FAIL() << "the statement passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::kUndefinedObject);
  }
  EXPECT_FALSE(connection().broken());
  EXPECT_EQ(number("SELECT n FROM t"), 0);
}

TEST_P(Connection, ClassifiesErrors) {
  make_rows(2);
  exec("CREATE TABLE child (id int PRIMARY KEY, n int NOT NULL CHECK (n > 0))");
  EXPECT_EQ(code_of("SELEC 1"), Code::kSqlSyntax);
  EXPECT_EQ(code_of("SELECT * FROM missing"), Code::kUndefinedObject);
  EXPECT_EQ(code_of("SELECT nonsense FROM t"), Code::kUndefinedObject);
  EXPECT_EQ(code_of("CREATE TABLE t (id int)"), Code::kAlreadyExists);
  EXPECT_EQ(code_of("ALTER TABLE t ADD COLUMN a int"), Code::kAlreadyExists);
  EXPECT_EQ(code_of("INSERT INTO t (id, n) VALUES (1, 1)"), Code::kConstraint);
  EXPECT_EQ(code_of("INSERT INTO child VALUES (1, NULL)"), Code::kConstraint);
  EXPECT_EQ(code_of("INSERT INTO child VALUES (1, 0)"), Code::kConstraint);
  EXPECT_FALSE(thrown_by([&] { exec("SELEC 1"); }).is_transient());
}

// Values of rows stay out of messages: they go to stderr, the ledger and `weir status`.
TEST_P(PostgresConnection, KeepsValuesOutOfTheMessagesOfDataErrors) {
  for (const char* sql :
       {"SELECT now() AT TIME ZONE 'john@secret.example'", "SELECT CAST('john@secret.example' AS int)",
        "SELECT 'x' ~ '[john@secret.example'", "SELECT CAST('john@secret.example' AS date)",
        "SELECT decode('john@secret.example', 'hex')", "SELECT encode('x', 'john@secret.example')"}) {
    const Error error = thrown_by([&] { connection().execute_text(sql); });
    EXPECT_EQ(error.code(), Code::kDataError) << sql;
    EXPECT_EQ(error.message().find("secret"), std::string::npos) << error.message();
  }
}

class MysqlConnection : public Connection {};
WEIR_ON_MYSQL(MysqlConnection);

TEST_P(MysqlConnection, KeepsValuesOutOfItsMessages) {
  exec("CREATE TABLE s (id varchar(60) PRIMARY KEY, n int, d date)");
  exec("INSERT INTO s (id) VALUES ('x'' for key ''john@secret.example')");
  for (const char* sql : {"INSERT INTO s (id) VALUES ('x'' for key ''john@secret.example')",
                          "INSERT INTO s VALUES ('a', 'secret', NULL)", "INSERT INTO s VALUES ('a', 1, 'secret')",
                          "UPDATE s SET n = id + 1", "INSERT INTO s (id, n) VALUES ('b', CAST('secret' AS signed))"}) {
    const Error error = thrown_by([&] { connection().execute_text(sql); });
    EXPECT_TRUE(error.code() == Code::kDataError || error.code() == Code::kConstraint) << error.message();
    EXPECT_EQ(error.message().find("secret"), std::string::npos) << error.message();
  }
}

TEST_P(MysqlConnection, NamesTheByteOfASyntaxError) {
  const Error error = thrown_by([&] { connection().execute_text("SELECT 1,\n  2 FROMM t"); });
  ASSERT_TRUE(error.sql_offset());
  EXPECT_EQ(*error.sql_offset(), 20U);
}

// Values as the server stores them, through both protocols.
TEST_P(MysqlConnection, ReadsEveryTypeTheSameWayPreparedOrNot) {
  exec(
      "CREATE TABLE v (u bigint unsigned, i tinyint, d decimal(20,4), f double, s varchar(20), b varbinary(20), "
      "t datetime(6), x date, z time(3), y year, n int, l longtext);"
      "INSERT INTO v VALUES (18446744073709551615, -3, 12.5000, 0.1, 'ä', x'00ff', '2026-01-02 03:04:05.000006', "
      "'2026-01-02', '-12:34:56.789', 2026, NULL, repeat('x', 100000))");
  const auto prepared = connection().execute({"SELECT * FROM v", {}}).rows.at(0);
  const auto text = connection().execute_text("SELECT * FROM v").rows.at(0);
  EXPECT_EQ(prepared, text);
  EXPECT_EQ(text[0], db::Value(std::string("18446744073709551615")));
  EXPECT_EQ(text[1], db::Value(std::int64_t{-3}));
  EXPECT_EQ(text[2], db::Value(std::string("12.5000")));
  EXPECT_EQ(text[3], db::Value(0.1));
  EXPECT_EQ(text[5], db::Value(db::Blob{std::string("\0\xff", 2)}));
  EXPECT_EQ(text[6], db::Value(std::string("2026-01-02 03:04:05.000006")));
  EXPECT_EQ(text[8], db::Value(std::string("-12:34:56.789")));
  EXPECT_TRUE(db::is_null(text[10]));
  EXPECT_EQ(db::as_text(text[11]).size(), 100'000U);
}

TEST_P(MysqlConnection, ReadsTextAsTheDialectSaysWhateverTheServerIsSetTo) {
  exec("SET GLOBAL sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'");
  const auto session = connect();
  exec("SET GLOBAL sql_mode = DEFAULT");
  EXPECT_EQ(db::as_text(session->execute_text("SELECT \"it\\'s\"").rows.at(0).at(0)), "it's");
}

TEST_P(MysqlConnection, IsStoppedByCancel) {
  exec("CREATE TABLE one (n int); INSERT INTO one VALUES (1)");
  std::jthread other([&] {
    while (number_elsewhere(
               "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT sleep(60)%'") == 0) {
    }
    connection().cancel();
  });
  EXPECT_EQ(code_of("SELECT sleep(60) FROM one"), Code::kCancelled);
}

TEST_P(MysqlConnection, NamesWhoHoldsTheRowItWaitsFor) {
  make_rows(1);
  const auto holder = connect();
  db::Transaction holds(*holder);
  holder->execute_text("UPDATE t SET n = 1");
  const auto waiter = connect();
  const std::string id = waiter->session_id();
  std::vector<db::SessionInfo> found;
  std::jthread other([&] {
    const auto look = connect();
    while (found.empty()) found = look->blockers_of(id);
    holder->rollback();
  });
  waiter->execute_text("UPDATE t SET n = 2");
  other.join();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].user, "weir");
  EXPECT_EQ(number("SELECT n FROM t"), 2);
}

TEST_P(Connection, AReadConnectionWritesNothing) {
  make_rows(1);
  const auto reader = connect(db::Purpose::kRead);
  EXPECT_EQ(thrown_by([&] { reader->execute_text("UPDATE t SET n = 1"); }).code(), Code::kReadOnly);
  EXPECT_EQ(thrown_by([&] { reader->execute_text("CREATE TABLE x (id int)"); }).code(), Code::kReadOnly);
  EXPECT_EQ(number("SELECT n FROM t"), 0);
}

TEST_P(Connection, AStatementTimeoutEndsAStatement) {
  connection().set_statement_timeout(Milliseconds(50));
  EXPECT_EQ(code_of("WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 1000000000) "
                    "SELECT count(*) FROM s"),
            Code::kTimeout);
  connection().set_statement_timeout(Milliseconds(0));
  EXPECT_EQ(number("SELECT 1"), 1);
}

TEST_P(Connection, ALockTimeoutEndsTheWaitForAnotherWriter) {
  make_rows(1);
  const auto other = connect();
  db::Transaction holds(*other);
  other->execute_text("UPDATE t SET n = 1");
  connection().set_lock_timeout(Milliseconds(50));
  const Error error = thrown_by([&] {
    db::Transaction transaction(connection());
    exec("ALTER TABLE t ADD COLUMN b int");
  });
  EXPECT_EQ(error.code(), pick(Code::kLockTimeout, Code::kBusy));
  EXPECT_EQ(error.next(), Next::kRetry);
}

TEST_P(Connection, ChecksAStatementWithoutExecutingIt) {
  make_rows(1);
  connection().check("DELETE FROM t");
  EXPECT_EQ(number("SELECT count(*) FROM t"), 1);
  EXPECT_EQ(thrown_by([&] { connection().check("DELETE FROM missing"); }).code(), Code::kUndefinedObject);
}

TEST_P(Connection, KnowsItsSessionsWhereTheServerHasThem) {
  const auto other = connect();
  if (!database().capabilities().server_sessions) {
    EXPECT_EQ(other->session_id(), "");
    return;
  }
  const std::string session = other->session_id();
  EXPECT_NE(session, connection().session_id());
  EXPECT_EQ(connection().session_liveness(session), Liveness::kAlive);
  EXPECT_EQ(connection().session_liveness(session + "9"), Liveness::kDead);
}

TEST_P(Connection, TellsTheClockOfTheDatabase) {
  const auto before = system_clock().wall();
  const auto now = number("SELECT " + database().now_ms());
  EXPECT_NEAR(static_cast<double>(now), static_cast<double>(before), 60'000.0);
}

// --- batches

class Batch : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    make_rows(10);
    exec(
        "CREATE TABLE mark (id int PRIMARY KEY, token text, rows_done bigint, cursor_key text);"
        "INSERT INTO mark VALUES (1, 'mine', 0, '')");
    disconnect();
    worker_ = connect(db::Purpose::kWorker);
  }
  void TearDown() override {
    program_.reset();
    worker_.reset();
    DatabaseTest::TearDown();
  }
  sql::Template sql(const std::string& text) { return {text, database().dialect()}; }
  // One batch over ids up to :hi.
  db::BatchResult run_batch(const std::vector<std::string>& changes, const std::string& token = "mine") {
    std::vector<sql::Template> templates;
    for (const auto& change : changes) templates.push_back(sql(change));
    program_ = worker_->compile({templates,
                                 {{"batch", "(id <= :hi)"}},
                                 sql("UPDATE mark SET rows_done = rows_done + :weir_rows, cursor_key = :cursor WHERE "
                                     "id = 1 AND token = :token"),
                                 sql("SELECT id FROM t WHERE id > :hi ORDER BY id LIMIT 1 OFFSET 2")});
    return program_->run({{"hi", std::int64_t{3}}, {"cursor", std::string("three")}, {"token", token}},
                         db::LookAhead::kYes);
  }
  std::string mark() { return query("SELECT rows_done, cursor_key FROM mark"); }

  std::unique_ptr<db::Connection> worker_;
  std::unique_ptr<db::BatchProgram> program_;
};
WEIR_ON_EVERY_ENGINE(Batch);

TEST_P(Batch, Invariant1CommitsChangeAndCheckpointTogetherAndLooksAhead) {
  const auto result = run_batch({"UPDATE t SET n = 1 WHERE :batch"});
  EXPECT_EQ(result.rows, 3);
  ASSERT_EQ(result.boundaries.size(), 1U);
  EXPECT_EQ(db::as_integer(result.boundaries[0][0]), 6);
  EXPECT_EQ(mark(), "3|three");
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 3);
  EXPECT_FALSE(worker_->in_transaction());
}

TEST_P(Batch, IsRepeatable) {
  run_batch({"UPDATE t SET n = n + 1 WHERE :batch"});
  program_->run({{"hi", std::int64_t{8}}, {"cursor", std::string("eight")}, {"token", std::string("mine")}},
                db::LookAhead::kYes);
  EXPECT_EQ(mark(), "11|eight");
}

TEST_P(Batch, Invariant2LeavesNothingWhenTheLeaseIsLost) {
  EXPECT_EQ(thrown_by([&] { run_batch({"UPDATE t SET n = 1 WHERE :batch"}, "theirs"); }).code(), Code::kLeaseLost);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
  EXPECT_EQ(mark(), "0|");
  EXPECT_FALSE(worker_->in_transaction());
}

TEST_P(Batch, LeavesNothingWhenAChangeFails) {
  const std::string second = "INSERT INTO t (id, n) VALUES (10, 0) /* :batch */";
  const Error error = thrown_by([&] { run_batch({"UPDATE t SET n = 1 WHERE :batch", second}); });
  EXPECT_EQ(error.code(), Code::kConstraint);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
  EXPECT_EQ(mark(), "0|");
  EXPECT_FALSE(worker_->in_transaction());
  // The connection is good for the next batch.
  EXPECT_EQ(run_batch({"UPDATE t SET n = 1 WHERE :batch"}).rows, 3);
}

TEST_P(Batch, CountsTheRowsOfTheLastChange) {
  EXPECT_EQ(run_batch({"UPDATE t SET a = 'x' WHERE :batch", "UPDATE t SET n = 1 WHERE :batch AND id < 3"}).rows, 2);
  EXPECT_EQ(mark(), "2|three");
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a = 'x'"), 3);
}

TEST_P(Batch, TakesReturningAndCommentsAsTheyAre) {
  // MariaDB has no RETURNING there.
  const std::string returning = is_mysql() ? "" : "RETURNING id, a ";
  EXPECT_EQ(run_batch({"UPDATE t SET n = 1 WHERE :batch " + returning + "-- the end"}).rows, 3);
  EXPECT_EQ(mark(), "3|three");
}

TEST_P(Batch, ChangesNothingAndStillMovesTheCursor) {
  EXPECT_EQ(run_batch({"UPDATE t SET n = 1 WHERE :batch AND n = 7"}).rows, 0);
  EXPECT_EQ(mark(), "0|three");
}

TEST_P(Batch, GivesNoBoundaryAtTheEnd) {
  run_batch({"UPDATE t SET n = n + 1 WHERE :batch"});
  const auto last = program_->run(
      {{"hi", std::int64_t{9}}, {"cursor", std::string("nine")}, {"token", std::string("mine")}}, db::LookAhead::kYes);
  EXPECT_TRUE(last.boundaries.empty());
}

TEST_P(Batch, LeavesTheNamesOfColumnsAlone) {
  exec("ALTER TABLE t ADD COLUMN found int; ALTER TABLE t ADD COLUMN weir_changed int; UPDATE t SET found = 1");
  EXPECT_EQ(run_batch({"UPDATE t SET weir_changed = found WHERE :batch AND found = 1"}).rows, 3);
  EXPECT_EQ(mark(), "3|three");
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE weir_changed = 1"), 3);
}

class PostgresBatch : public Batch {
 protected:
  std::int64_t functions() { return number("SELECT count(*) FROM pg_proc WHERE proname LIKE 'weir_batch%'"); }
};
WEIR_ON_POSTGRES(PostgresBatch);

TEST_P(PostgresBatch, IsOneFunctionForAsManyProgramsAsItIsCompiledFor) {
  run_batch({"UPDATE t SET n = n + 1 WHERE :batch"});
  run_batch({"UPDATE t SET n = n + 1 WHERE :batch"});
  EXPECT_EQ(functions(), 1);
  EXPECT_EQ(mark(), "6|three");
}

TEST_P(PostgresBatch, NeedsNoRightToCreateTemporaryObjects) {
  exec("REVOKE TEMPORARY ON DATABASE " + quoted(query("SELECT current_database()")) +
       " FROM PUBLIC; GRANT ALL ON t, mark TO pg_monitor");
  worker_->execute_text("SET ROLE pg_monitor");
  EXPECT_EQ(run_batch({"UPDATE t SET n = 1 WHERE :batch"}).rows, 3);
  EXPECT_EQ(functions(), 0);
  EXPECT_EQ(mark(), "3|three");
  EXPECT_EQ(thrown_by([&] { run_batch({"UPDATE t SET n = 2 WHERE :batch"}, "theirs"); }).code(), Code::kLeaseLost);
  EXPECT_EQ(number("SELECT max(n) FROM t"), 1);
}

TEST_P(Batch, BindsANullAndTextThatLooksLikeSql) {
  EXPECT_EQ(run_batch({"UPDATE t SET a = 'it''s :hi; DROP TABLE t' WHERE :batch"}).rows, 3);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a LIKE '%:hi%'"), 3);
}

}  // namespace
}  // namespace weir
