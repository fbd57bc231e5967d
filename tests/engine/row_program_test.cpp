// Row programs: read outside any transaction, computed in C++, written back if the rows still are what was read.
#include "backfill/row_program.hpp"

#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <sys/wait.h>

#include "backfill/quarantine.hpp"
#include "backfill/session.hpp"
#include "backfill/undo.hpp"
#include "db/url.hpp"
#include "engines/registry.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::Ended;
using test::thrown_by;

// A row program made of a function.
class Computing final : public backfill::RowProgram {
 public:
  using Function = std::function<std::optional<db::Row>(const db::Row&)>;
  explicit Computing(Function function) : function_(std::move(function)) {}

  std::vector<std::optional<db::Row>> compute(const std::vector<db::Row>& rows) override {
    const int call = ++calls;
    if (meanwhile) meanwhile(call);
    std::vector<std::optional<db::Row>> answers;
    for (const auto& row : rows) answers.push_back(function_(row));
    return answers;
  }

  std::function<void(int)> meanwhile;  // what the application does while rows are computed; the number of the call
  std::atomic<int> calls{0};

 private:
  Function function_;
};

// Wrong when it is done twice.
std::optional<db::Row> add_one(const db::Row& row) { return db::Row{db::as_integer(row.at(0)) + 1}; }

std::string each(const std::string& header) {
  return "-- over: t\n-- batch: 10\n" + header + "-- migrate:each program:registered\n";
}
const std::string kCount = each("-- read: n\n-- write: n\n");
const std::string kFill = each("-- where: a IS NULL\n-- read: id, n\n-- write: a, n\n");

// 'x<id>', n + 1
std::optional<db::Row> fill(const db::Row& row) {
  return db::Row{"x" + db::as_text(row.at(0)), db::as_integer(row.at(1)) + 1};
}

class RowPrograms : public DatabaseTest {
 protected:
  backfill::RunOutcome run_with(backfill::RowProgram& program, const std::string& name = "each") {
    const project::Timeline all = timeline();
    backfill::RunRequest request{all.find(name), {}, false, {}, {}, "test"};
    request.row_program = &program;
    return backfill::Runner(database(), clock(), stop(), observer()).run(request);
  }
  Error failure_with(backfill::RowProgram& program, const std::string& name = "each") {
    return thrown_by([&] { run_with(program, name); });
  }
  std::vector<std::string> quarantined() {
    auto book = *ledger::Ledger::open(database(), connection());
    std::vector<std::string> found;
    for (const auto& row : ledger::read_quarantine(book, {project::Version("1"), 1}))
      found.push_back(db::encode_key(row.key));
    return found;
  }
  ledger::Run latest() {
    auto book = *ledger::Ledger::open(database(), connection());
    return *ledger::read_latest_run(book, project::Version("1"));
  }
};
WEIR_ON_EVERY_ENGINE(RowPrograms);

// Invariant 1.
TEST_P(RowPrograms, Invariant1ChangeEveryRowExactlyOnceWithoutWhere) {
  make_rows(95);
  data("1_each", kCount);
  Computing program(add_one);
  const auto outcome = run_with(program);
  EXPECT_EQ(outcome.state, ledger::RunState::kSucceeded);
  EXPECT_EQ(outcome.rows_done, 95);
  EXPECT_EQ(outcome.passes, 1);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|95");
  EXPECT_EQ(program.calls, 10);
  EXPECT_EQ(number("SELECT sum(rows_done) FROM weir_slices"), 95);
  EXPECT_TRUE(run_with(program).already_complete);
}

TEST_P(RowPrograms, LeaveRowsAsTheyAreThatTheyDoNotAnswerFor) {
  make_rows(30);
  exec("UPDATE t SET n = id * 10, a = 'old'");
  data("1_each", each("-- read: n, id\n-- write: a\n"));
  Computing program([](const db::Row& row) -> std::optional<db::Row> {
    const auto id = db::as_integer(row.at(1));
    if (id % 3 == 0) return std::nullopt;
    if (id % 3 == 1) return db::Row{db::Value()};
    return db::Row{"n" + db::as_text(row.at(0))};
  });
  EXPECT_EQ(run_with(program).rows_done, 20);
  std::string expected;
  for (int id = 1; id <= 30; ++id) {
    const std::string a = id % 3 == 0 ? "old" : id % 3 == 1 ? "NULL" : "n" + std::to_string(id * 10);
    expected += fmt::format("{}{}|{}|{}", id == 1 ? "" : "\n", id, id * 10, a);
  }
  EXPECT_EQ(query("SELECT id, n, a FROM t ORDER BY id"), expected);
}

TEST_P(RowPrograms, ComputeAgainWhatTheApplicationChangesMeanwhile) {
  make_rows(30);
  data("1_each", kCount);
  Computing program(add_one);
  program.meanwhile = [&](int call) {
    if (call == 1) exec("UPDATE t SET n = 100 WHERE id = 5");
  };
  EXPECT_EQ(run_with(program).rows_done, 30);
  EXPECT_EQ(query("SELECT id, n FROM t WHERE n <> 1"), "5|101");
}

TEST_P(RowPrograms, ChangeWhatIsInsertedMeanwhileAndForgetWhatIsDeleted) {
  make_rows(30);
  exec("DELETE FROM t WHERE id IN (7, 10)");
  data("1_each", kCount);
  Computing program(add_one);
  program.meanwhile = [&](int call) {
    // Both lie in the range of the first batch, which is (.., 12].
    if (call == 1) exec("INSERT INTO t VALUES (7, 50, NULL), (10, 60, NULL); DELETE FROM t WHERE id IN (3, 12)");
  };
  EXPECT_EQ(run_with(program).rows_done, 28);
  EXPECT_EQ(query("SELECT id, n FROM t WHERE n <> 1 ORDER BY id"), "7|51\n10|61");
  EXPECT_EQ(number("SELECT count(*) FROM t"), 28);
}

TEST_P(RowPrograms, LeaveAloneWhatDoesNotMatchAnyMore) {
  make_rows(30);
  data("1_each", kFill);
  Computing program(fill);
  program.meanwhile = [&](int call) {
    if (call == 1) exec("UPDATE t SET a = 'app' WHERE id = 5");
  };
  EXPECT_EQ(run_with(program).rows_done, 29);
  EXPECT_EQ(query("SELECT id, n, a FROM t WHERE id IN (4, 5)"), "4|1|x4\n5|0|app");
}

// Twice it is tried without locks, then nobody comes in between.
TEST_P(RowPrograms, EndAlsoWhenARowChangesEachTimeItIsComputed) {
  make_rows(10);
  data("1_each", kCount);
  Computing program(add_one);
  Code kept_out = Code::kInternal;
  program.meanwhile = [&](int call) {
    if (call <= 3) exec(fmt::format("UPDATE t SET n = {} WHERE id = 5", call * 100));
    if (call != 4) return;
    connection().set_lock_timeout(Milliseconds(1));
    kept_out = thrown_by([&] { exec("UPDATE t SET n = 7 WHERE id = 5"); }).code();
  };
  EXPECT_EQ(run_with(program).rows_done, 10);
  EXPECT_EQ(program.calls, 4);
  EXPECT_EQ(kept_out, is_sqlite() ? Code::kBusy : Code::kLockTimeout);
  EXPECT_EQ(query("SELECT id, n FROM t WHERE n <> 1"), "5|301");
}

// What `=` calls equal is another value all the same.
TEST_P(RowPrograms, SeeAChangeThatTheCollationCallsNone) {
  exec("CREATE TABLE t (id bigint PRIMARY KEY, s " +
       pick<std::string>("text", "text COLLATE NOCASE", "varchar(50) COLLATE utf8mb4_general_ci") + ", d " +
       pick<std::string>("numeric", "numeric", "decimal(20,4)") + ", f " + pick<std::string>("real", "real", "float") +
       ", w varchar(200))");
  exec("INSERT INTO t VALUES (1, 'abc', 1.0, 0.1, NULL), (2, 'x ', 2.5, 1.5, NULL), (3, NULL, NULL, NULL, NULL)");
  data("1_each", each("-- read: s, d, f\n-- write: w\n"));
  Computing program([](const db::Row& row) {
    std::string seen;
    for (const auto& value : row) seen += (db::is_null(value) ? "NULL" : db::as_text(value)) + ";";
    return std::optional(db::Row{seen});
  });
  program.meanwhile = [&](int call) {
    if (call == 1) exec("UPDATE t SET s = 'ABC' WHERE id = 1; UPDATE t SET s = 'x' WHERE id = 2");
    if (call == 2 && is_postgres()) exec("UPDATE t SET d = 1.00 WHERE id = 1");
  };
  run_with(program);
  const std::string d = pick<std::string>("1.00", "1", "1.0000"), d2 = is_mysql() ? "2.5000" : "2.5";
  const std::string f = is_mysql() ? "0.10000000149011612" : "0.1";
  EXPECT_EQ(query("SELECT w FROM t ORDER BY id"), "ABC;" + d + ";" + f + ";\nx;" + d2 + ";1.5;\nNULL;NULL;NULL;");
}

// --- values

struct ColumnCase {
  std::string name, type;
  std::vector<std::string> literals;
};

class RowValues : public RowPrograms {
 protected:
  std::vector<ColumnCase> cases() const {
    const auto blob = [&](const std::string& hex) { return is_postgres() ? "'\\x" + hex + "'" : "x'" + hex + "'"; };
    const std::string text = "'it''s \xC3\xA4 \xF0\x9F\x90\x98 :x ? $1'";
    std::vector<ColumnCase> cases = {
        {"i", "bigint", {"0", "-9223372036854775808", "9223372036854775807", "NULL"}},
        {"s", is_mysql() ? "varchar(200)" : "text", {text, "''", "'NULL'", "NULL"}},
        {"b",
         pick<std::string>("bytea", "blob", "varbinary(100)"),
         {blob("00ff27005c"), blob(""), blob("6162"), "NULL"}},
        {"d", pick<std::string>("numeric", "numeric", "decimal(40,10)"),
         is_sqlite()
             ? std::vector<std::string>{"12345.25", "-1", "0", "NULL"}
             : std::vector<std::string>{"123456789012345678901234567890.1234567890", "-0.1000000000", "0", "NULL"}},
        {"f", is_postgres() ? "double precision" : "double", {"0.1", "-1.7976931348623157e308", "5e-324", "NULL"}},
        {"ts",
         pick<std::string>("timestamptz", "text", "timestamp(6) NULL"),
         {"'2026-01-31 12:34:56.789012'", "'2000-02-29 23:59:59'", "'2026-07-01 00:00:00.5'", "NULL"}},
        {"dt", pick<std::string>("date", "text", "date"), {"'2026-01-31'", "'1999-12-31'", "'2024-02-29'", "NULL"}}};
    if (is_sqlite()) return cases;
    cases.push_back({"f4", is_postgres() ? "real" : "float", {"0.1", "3.4e38", "-1.5", "NULL"}});
    cases.push_back({"j",
                     is_postgres() ? "jsonb" : "json",
                     {"'{\"a\": [1, 1.50, null, \"\\u00e4\"]}'", "'[]'", "'\"x\"'", "NULL"}});
    cases.push_back({"t", "boolean", {"true", "false", "true", "NULL"}});
    cases.push_back({"dtm",
                     is_postgres() ? "timestamp" : "datetime(6)",
                     {"'2026-01-31 12:34:56.000001'", "'2026-01-31 00:00:00'", "'1000-01-01 00:00:00'", "NULL"}});
    cases.push_back(
        {"tm", is_postgres() ? "time" : "time(6)", {"'23:59:59.999999'", "'00:00:00'", "'12:00:00.5'", "NULL"}});
    if (is_postgres()) {
      cases.push_back({"arr", "text[]", {"'{a,\"b,c\",NULL}'", "'{}'", "'[2:3]={x,y}'", "NULL"}});
      cases.push_back({"u", "uuid", {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "NULL", "NULL", "NULL"}});
      cases.push_back({"iv", "interval", {"'1 mon -3 days 04:05:06.7'", "'30 days'", "'0'", "NULL"}});
    } else {
      cases.push_back({"e", "enum('a', '', 'c')", {"'a'", "''", "'c'", "NULL"}});
      cases.push_back({"l", "varchar(50) CHARACTER SET latin1", {"'\xC3\xA4\xC3\xBF'", "''", "'a'", "NULL"}});
      cases.push_back({"bt", "bit(10)", {"b'1010101010'", "b'0'", "b'1'", "NULL"}});
      cases.push_back({"ul", "bigint unsigned", {"18446744073709551615", "0", "1", "NULL"}});
    }
    return cases;
  }
};
WEIR_ON_EVERY_ENGINE(RowValues);

TEST_P(RowValues, ComeAndGoExactly) {
  const auto all = cases();
  std::string columns = "id bigint PRIMARY KEY", read, write;
  for (const auto& one : all) {
    columns += ", " + one.name + " " + one.type + ", " + one.name + "_copy " + one.type;
    read += (read.empty() ? "" : ", ") + one.name;
    write += (write.empty() ? "" : ", ") + one.name + "_copy";
  }
  exec("CREATE TABLE t (" + columns + ")");
  for (std::size_t i = 0; i < 4; ++i) {
    std::string values;
    for (const auto& one : all) values += ", " + one.literals[i];
    exec(fmt::format("INSERT INTO t (id, {}) VALUES ({}{})", read, i, values));
  }
  data("1_each", each("-- read: " + read + "\n-- write: " + write + "\n"));
  std::vector<db::Row> seen;
  Computing program([&](const db::Row& row) {
    seen.push_back(row);
    return std::optional(row);
  });
  EXPECT_EQ(run_with(program).rows_done, 4);
  const auto table = connection().describe_table("t");
  for (const auto& one : all) {
    const auto same = database().same_value(*table->column(one.name), quoted(one.name), quoted(one.name + "_copy"));
    EXPECT_EQ(number("SELECT count(*) FROM t WHERE " + same), 4) << one.name;
  }
  // On every engine alike.
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0][0], db::Value(std::int64_t{0}));
  EXPECT_TRUE(std::holds_alternative<std::string>(seen[0][1]));
  EXPECT_EQ(seen[0][2], db::Value(db::Blob{std::string("\x00\xff\x27\x00\x5c", 5)}));
  EXPECT_EQ(seen[1][2], db::Value(db::Blob{""}));
  EXPECT_EQ(seen[0][4], db::Value(0.1));
  EXPECT_TRUE(std::holds_alternative<std::string>(seen[0][5]));
  for (const auto& value : seen[3]) EXPECT_TRUE(db::is_null(value));
}

TEST_P(RowPrograms, FindRowsByAKeyOfSeveralColumns) {
  exec("CREATE TABLE t (k " + key_text() + " NOT NULL, d " + pick<std::string>("numeric", "numeric", "decimal(10,2)") +
       " NOT NULL, n bigint, PRIMARY KEY (k, d))");
  for (int i = 0; i < 45; ++i) exec(fmt::format("INSERT INTO t VALUES ('{}''{}', {}.50, 0)", "b a_"[i % 4], i % 9, i));
  data("1_each", kCount);
  Computing program(add_one);
  EXPECT_EQ(run_with(program).rows_done, 45);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|45");
}

TEST_P(RowPrograms, WriteMoreThanFitsIntoOneMessage) {
  make_rows(1500);
  data("1_each", "-- over: t\n-- batch: 1500\n-- read: id\n-- write: a, n\n-- migrate:each program:registered\n");
  Computing program([](const db::Row& row) {
    return std::optional(db::Row{db::as_text(row.at(0)) + std::string(500, '\\'), row.at(0)});
  });
  EXPECT_EQ(run_with(program).rows_done, 1500);
  EXPECT_EQ(program.calls, 1);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE n = id"), 1500);
  EXPECT_EQ(number("SELECT sum(length(a)) FROM t"), 1500 * 500 + 9 + 90 * 2 + 900 * 3 + 501 * 4);
}

// --- several workers, interruption

TEST_P(RowPrograms, Invariant1SeveralWorkersChangeEachRowOnce) {
  if (is_sqlite()) exec("PRAGMA journal_mode = WAL");
  make_rows(4000);
  data("1_each", kCount);
  Computing program(add_one);
  const project::Timeline all = timeline();
  backfill::RunRequest request{all.find("each"), {}, false, {}, {}, "test"};
  request.row_program = &program;
  request.workers = 3;
  backfill::Observer quiet;
  EXPECT_EQ(backfill::Runner(database(), system_clock(), stop(), quiet).run(request).rows_done, 4000);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|4000");
  EXPECT_EQ(number("SELECT sum(rows_done) FROM weir_slices"), 4000);
}

TEST_P(RowPrograms, GoOnBehindTheBatchInWhichTheyWereStopped) {
  make_rows(100);
  data("1_each", kCount);
  Computing program(add_one);
  program.meanwhile = [&](int call) {
    if (call == 3) stop().request();
  };
  EXPECT_EQ(run_with(program).state, ledger::RunState::kPaused);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 30);
  forget_stop();
  program.meanwhile = nullptr;
  EXPECT_EQ(run_with(program).rows_done, 100);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

// Invariant 2.
TEST_P(RowPrograms, Invariant2CommitNothingWhenTheLeaseWasLostWhileTheyComputed) {
  make_rows(60);
  data("1_each", kCount);
  Computing program(add_one);
  program.meanwhile = [&](int call) {
    if (call == 3)
      exec(
          "UPDATE weir_slices SET lease_token = 'another', lease_host = 'elsewhere', lease_session = '', "
          "lease_expires_at_ms = 99999999999999 WHERE ordinal = 1");
  };
  observer().after_note = [&](const std::string& note) {
    EXPECT_NE(note.find("took this slice over"), std::string::npos) << note;
    stop().request();
  };
  EXPECT_EQ(run_with(program).state, ledger::RunState::kRunning);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 20);
}

TEST_P(RowPrograms, Invariant1AProcessThatIsKilledLeavesNothingHalfDone) {
  make_rows(60);
  data("1_each", kCount);
  disconnect();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto own = engines::open_database(db::parse_url(url()), "/");
    Computing program(add_one);
    program.meanwhile = [](int call) {
      if (call == 4) ::raise(SIGKILL);
    };
    const project::Timeline all = timeline();
    backfill::RunRequest request{all.find("each"), {}, false, {}, {}, "test"};
    request.row_program = &program;
    backfill::Runner(*own, clock(), stop(), observer()).run(request);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 30);
  EXPECT_EQ(run_state("each"), "running");
  Computing program(add_one);
  EXPECT_EQ(run_with(program).rows_done, 60);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

// --- what goes wrong

std::optional<db::Row> fail_at(const db::Row& row, std::int64_t bad) {
  if (db::as_integer(row.at(0)) == bad) throw std::runtime_error("no address \xFF\n found");
  return fill(row);
}

TEST_P(RowPrograms, NameTheRowForWhichTheyThrowAndStop) {
  make_rows(50);
  data("1_each", each("-- read: id, n\n-- write: a, n\n"));
  Computing program([](const db::Row& row) { return fail_at(row, 25); });
  const Error error = failure_with(program);
  EXPECT_EQ(error.code(), Code::kDataError);
  EXPECT_EQ(error.message(), "row [25] of t: the row program threw: no address ?  found");
  EXPECT_EQ(error.place()->line, 5);
  EXPECT_EQ(run_state("each"), "failed");
  EXPECT_EQ(query("SELECT count(*), max(id) FROM t WHERE n = 1"), "24|24");
  Computing mended(fill);
  EXPECT_EQ(run_with(mended).rows_done, 50);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

TEST_P(RowPrograms, SetAsideRowsForWhichTheyThrowAndThoseThatCannotBeWritten) {
  make_rows(50);
  exec("CREATE TABLE u (id bigint PRIMARY KEY, n bigint NOT NULL, CONSTRAINT n_is_small CHECK (n < 100))");
  exec("INSERT INTO u SELECT id, 0 FROM t");
  data("1_each",
       "-- over: u\n-- batch: 20\n-- read: id, n\n-- write: n\n-- on_error: quarantine\n-- migrate:each "
       "program:registered\n");
  bool mended = false;
  Computing program([&](const db::Row& row) -> std::optional<db::Row> {
    const auto id = db::as_integer(row.at(0));
    if (!mended && id == 1) throw std::runtime_error("one");
    if (!mended && id == 33) return db::Row{std::int64_t{1000}};
    return db::Row{db::as_integer(row.at(1)) + 1};
  });
  EXPECT_EQ(failure_with(program).code(), Code::kQuarantined);
  EXPECT_EQ(quarantined(), (std::vector<std::string>{"[1]", "[33]"}));
  EXPECT_EQ(query("SELECT n, count(*) FROM u GROUP BY n ORDER BY n"), "0|2\n1|48");

  auto book = *ledger::Ledger::open(database(), connection());
  const project::Timeline all = timeline();
  const auto retry = [&](backfill::RowProgram* with) {
    const auto worker = backfill::connect_worker(database());
    return backfill::retry_quarantine(database(), *worker, book, all.find("each"), latest(), stop(), with);
  };
  EXPECT_EQ(thrown_by([&] { retry(nullptr); }).code(), Code::kUsage);
  EXPECT_EQ(retry(&program).failed, 2);
  mended = true;
  EXPECT_EQ(retry(&program).processed, 2);
  EXPECT_EQ(run_with(program).rows_done, 50);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM u"), "1|1");
}

TEST_P(RowPrograms, AreStoppedWhenTheirAnswersDoNotFitTheRows) {
  class Wrong final : public backfill::RowProgram {
   public:
    std::vector<std::optional<db::Row>> compute(const std::vector<db::Row>& rows) override {
      ++calls;
      return answers(rows.size());
    }
    std::function<std::vector<std::optional<db::Row>>(std::size_t)> answers;
    int calls = 0;
  } wrong;
  make_rows(30);
  data("1_each", kFill);
  wrong.answers = [](std::size_t rows) { return std::vector<std::optional<db::Row>>(rows - 1); };
  Error error = failure_with(wrong);
  EXPECT_EQ(error.code(), Code::kRowProgram);
  EXPECT_NE(error.message().find("10 rows and answered 9 times"), std::string::npos) << error.message();
  EXPECT_EQ(wrong.calls, 1) << "no row is at fault";
  wrong.answers = [](std::size_t rows) { return std::vector<std::optional<db::Row>>(rows, db::Row{db::Value()}); };
  error = failure_with(wrong);
  EXPECT_EQ(error.code(), Code::kRowProgram);
  EXPECT_NE(error.message().find("1 values for 2 columns"), std::string::npos) << error.message();
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a IS NOT NULL OR n <> 0"), 0);
  EXPECT_EQ(run_state("each"), "failed");
}

TEST_P(RowPrograms, AreStoppedWhenTheyDoNotMakeWhereFalse) {
  make_rows(30);
  data("1_each", kFill);
  Computing program([](const db::Row& row) { return std::optional(db::Row{db::Value(), row.at(0)}); });
  const Error error = failure_with(program);
  EXPECT_EQ(error.code(), Code::kResidualDoesNotShrink);
  EXPECT_NE(error.hint().find("row program"), std::string::npos) << error.hint();
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
}

TEST_P(RowPrograms, AreRefusedWhenEveryBatchWouldReadTheWholeTable) {
  make_rows(12'000);
  if (is_postgres()) exec("ANALYZE t");
  data("1_each",
       "-- over: t\n-- batch: 100\n-- where: n <= (SELECT sum(n) FROM t)\n-- read: id, n\n-- write: a, n\n"
       "-- migrate:each program:registered\n");
  Computing program(fill);
  const Error error = failure_with(program);
  EXPECT_EQ(error.code(), Code::kScansTable);
  EXPECT_EQ(test::place_of_error(error), "3:11");
  EXPECT_EQ(program.calls, 0);
}

TEST_P(RowPrograms, SweepUpWhatIsWrittenBehindTheCursor) {
  make_rows(40);
  data("1_each", kFill);
  Computing program(fill);
  program.meanwhile = [&](int call) {
    if (call == 3) exec("UPDATE t SET a = NULL WHERE id = 5; INSERT INTO t VALUES (-7, 0, NULL)");
  };
  EXPECT_EQ(run_with(program).passes, 2);
  EXPECT_EQ(query("SELECT id, n, a FROM t WHERE id IN (-7, 4, 5) ORDER BY id"), "-7|1|x-7\n4|1|x4\n5|2|x5");
}

TEST_P(RowPrograms, TakeParametersInWhere) {
  make_rows(30);
  data("1_each",
       each("-- where: id > :after AND a IS NULL\n-- param: after integer 20\n-- read: id, n\n-- write: a, n\n"));
  Computing program(fill);
  EXPECT_EQ(run_with(program).rows_done, 10);
  EXPECT_EQ(number("SELECT min(id) FROM t WHERE n = 1"), 21);
}

TEST_P(RowPrograms, KeepOldValuesForAnUndo) {
  make_rows(30);
  exec("UPDATE t SET n = id, a = 'old'");
  data("1_each", each("-- read: id, n\n-- write: a, n\n-- keep: a, n\n"));
  Computing program(fill);
  program.meanwhile = [&](int call) {
    if (call == 1) exec("UPDATE t SET n = 500 WHERE id = 2");
  };
  EXPECT_EQ(run_with(program).rows_done, 30);
  EXPECT_EQ(query("SELECT n, a FROM t WHERE id IN (1, 2) ORDER BY id"), "2|x1\n501|x2");
  backfill::Observer quiet;
  backfill::Undo undo(database(), clock(), stop(), quiet, latest(), "test");
  undo.begin();
  EXPECT_EQ(undo.execute().restored, 30);
  EXPECT_EQ(query("SELECT n, a FROM t WHERE id IN (1, 2) ORDER BY id"), "1|old\n500|old");
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a = 'old'"), 30);
}

TEST_P(RowPrograms, ColumnsThatCannotBeReadOrWrittenAreNamedAtTheirPlace) {
  make_rows(3);
  Computing program(add_one);
  const auto refused = [&](const std::string& header) {
    data("1_each", each(header));
    const Error error = failure_with(program);
    EXPECT_EQ(error.code(), Code::kInvalidFile);
    return test::place_of_error(error) + " " + error.message() + " | " + error.hint();
  };
  EXPECT_EQ(refused("-- read: n, aa\n-- write: n\n"), "3:13 t has no column aa | did you mean 'a'?");
  EXPECT_EQ(refused("-- read: n\n-- write: a, m\n"), "4:14 t has no column m | did you mean 'n'?");
  EXPECT_NE(refused("-- read: n\n-- write: id\n").find("4:11 column id is a part of the key"), std::string::npos);
  EXPECT_NE(refused("-- read: n\n-- write: n, N\n").find("4:14 column n stands twice"), std::string::npos);
  exec("CREATE TABLE g (id bigint PRIMARY KEY, n bigint, m bigint GENERATED ALWAYS AS (n + 1) STORED)");
  exec("INSERT INTO g (id, n) VALUES (1, 1)");
  data("1_each", "-- over: g\n-- read: m\n-- write: m\n-- migrate:each program:registered\n");
  EXPECT_NE(failure_with(program).message().find("generated"), std::string::npos);
  EXPECT_EQ(run_state("each"), "");
}

TEST_P(RowPrograms, AreRefusedWhereInheritedTablesShareKeys) {
  if (!is_postgres()) return;
  make_rows(20);
  exec("CREATE TABLE child () INHERITS (t); INSERT INTO child VALUES (5, 7, NULL)");
  data("1_each", kCount);
  Computing program(add_one);
  const Error error = failure_with(program);
  EXPECT_EQ(error.code(), Code::kNoUniqueKey);
  EXPECT_NE(error.message().find("[5]"), std::string::npos) << error.message();
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 7);
}

// --- deploys, workers and commands

TEST_P(RowPrograms, AreLeftToTheirProcessByADeployThatHasNone) {
  make_rows(30);
  data("1_each", kFill);
  schema("2_contract", "-- requires: each\n-- migrate:up\nCREATE TABLE done (id bigint);\n");
  const auto queued = deploy();
  EXPECT_EQ(queued.count(migrate::Action::kEnqueue), 1U);
  EXPECT_EQ(queued.count(migrate::Action::kWait), 1U);
  EXPECT_EQ(run_state("each"), "queued");
  Computing program(fill);
  EXPECT_EQ(run_with(program).rows_done, 30);
  EXPECT_EQ(deploy().count(migrate::Action::kApply), 1U);
  exec("UPDATE t SET a = NULL WHERE id = 1");
  EXPECT_EQ(deploy().count(migrate::Action::kWait), 0U) << "the gate was passed";
}

TEST_P(RowPrograms, AreDoneInlineByADeployThatHasThem) {
  make_rows(30);
  data("1_each", kFill);
  schema("2_contract", "-- requires: each\n-- migrate:up\nCREATE TABLE done (id bigint);\n");
  Computing program(fill);
  migrate::DeployOptions options{false, Milliseconds(300'000), "test"};
  options.row_programs["each"] = &program;
  const auto outcome = deploy(options);
  EXPECT_EQ(outcome.count(migrate::Action::kRunInline), 1U);
  EXPECT_EQ(outcome.count(migrate::Action::kApply), 1U);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE n = 1"), 30);
}

TEST_P(RowPrograms, AreCompleteAtOnceOverAnEmptyTable) {
  make_rows(0);
  data("1_each", kCount);
  EXPECT_EQ(deploy().count(migrate::Action::kRunInline), 1U);
  EXPECT_EQ(run_state("each"), "succeeded");
}

TEST_P(RowPrograms, AreNoneOfTheCommandLinesBusiness) {
  make_rows(30);
  data("1_each", kFill);
  const Ended migrated = weir({"migrate"});
  EXPECT_EQ(migrated.exit_code, 0) << migrated.err;
  EXPECT_NE(migrated.out.find("30 rows: for the C++ program that registers its row program"), std::string::npos)
      << migrated.out;
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"run", "each"}, {"run", "each", "--detach"}, {"run", "each", "--dry-run"}, {"run", "each", "--explain"}}) {
    const Ended run = weir(words);
    EXPECT_EQ(run.exit_code, 2) << run.out;
    EXPECT_NE(run.err.find("row program"), std::string::npos) << run.err;
  }
  const Ended worker = weir({"worker", "--once"});
  EXPECT_EQ(worker.exit_code, 0) << worker.err;
  EXPECT_NE(worker.err.find("each is left to the C++ program"), std::string::npos) << worker.err;
  EXPECT_EQ(run_state("each"), "queued");
  const Ended status = weir({"status"});
  EXPECT_NE(status.out.find("queued"), std::string::npos) << status.out;
  EXPECT_NE(status.out.find("the C++ program that registers its row program"), std::string::npos) << status.out;
  EXPECT_EQ(failed_run("each").code(), Code::kUsage) << "nor of a process without the program";
  EXPECT_EQ(run_state("each"), "queued");
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE a IS NULL"), 30);
}

}  // namespace
}  // namespace weir
