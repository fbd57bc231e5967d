// Before-images and undo: what a run changed comes back exactly, and nothing else is touched.
#include "backfill/undo.hpp"

#include <csignal>
#include <fmt/format.h>
#include <thread>

#include "backfill/control.hpp"
#include "ledger/history.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using test::thrown_by;

constexpr const char* kFill =
    "-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- keep: a, n\n-- migrate:batch\n"
    "UPDATE t SET a = 'x', n = n + 1 WHERE :batch\n";
constexpr const char* kCount =
    "-- over: t\n-- batch: 10\n-- keep: n\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n";

class Undo : public DatabaseTest {
 protected:
  ledger::Ledger ledger() { return *ledger::Ledger::open(database(), connection()); }
  backfill::UndoOutcome undo(const std::string& name) {
    auto book = ledger();
    const auto run = backfill::find_run(book, name);
    backfill::Undo undo(database(), clock(), stop(), observer(), run, "test");
    undo.begin();
    return undo.execute();
  }
  bool is_recorded(const std::string& version) {
    auto book = ledger();
    return ledger::read_entry(book, project::Version(version)).has_value();
  }
  static std::string counts(const backfill::UndoOutcome& outcome) {
    return fmt::format("{} {} {} {}", outcome.restored, outcome.changed, outcome.gone, outcome.left);
  }
  static std::string keys(const backfill::UndoOutcome& outcome) {
    std::string text;
    for (const auto& row : outcome.others)
      text += fmt::format("{}{}{}", text.empty() ? "" : " ", row.gone ? "-" : "", db::as_text(row.key.front()));
    return text;
  }
  // Stopped after its second batch.
  void run_half(const std::string& name) {
    observer().batches = 0;
    observer().after_batch = [this](int batch) {
      if (batch == 2) stop().request();
    };
    run(name);
    forget_stop();
    observer().after_batch = nullptr;
  }
  Error refused_to_continue(const std::string& name) {
    return thrown_by([&] { run(name, {}, backfill::Start::kContinue, backfill::OnChange::kContinue); });
  }
  std::string everything() { return query("SELECT id, n, a FROM t ORDER BY id"); }
};
WEIR_ON_EVERY_ENGINE(Undo);

TEST_P(Undo, RestoresEveryRowThatTheRunChanged) {
  make_rows(45);
  exec("UPDATE t SET a = 'mine', n = 7 WHERE id IN (3, 30)");
  const std::string before = everything();
  data("1_fill", kFill);
  EXPECT_EQ(run("fill").rows_done, 43);
  const auto outcome = undo("fill");
  EXPECT_EQ(counts(outcome), "43 0 0 0");
  EXPECT_TRUE(outcome.complete);
  EXPECT_EQ(everything(), before);
}

TEST_P(Undo, CountsTheRowsOfARunAsWithoutImages) {
  make_rows(45);
  data("1_count", kCount);
  const auto outcome = run("count");
  EXPECT_EQ(outcome.rows_done, 45);
  EXPECT_EQ(observer().batches, 5);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
  EXPECT_EQ(query("SELECT count(*), min(before_1), max(after_1) FROM weir_kept_1 WHERE state = 'kept'"), "45|0|1");
}

TEST_P(Undo, LeavesRowsThatSomebodyChangedSinceAndListsThem) {
  make_rows(45);
  data("1_fill", kFill);
  run("fill");
  exec("UPDATE t SET a = 'X' WHERE id = 5; UPDATE t SET n = 9 WHERE id = 17; UPDATE t SET a = NULL WHERE id = 40");
  const auto outcome = undo("fill");
  EXPECT_EQ(counts(outcome), "42 3 0 0");
  EXPECT_EQ(keys(outcome), "5 17 40");
  EXPECT_EQ(query("SELECT id, n, a FROM t WHERE n <> 0 OR a IS NOT NULL ORDER BY id"), "5|1|X\n17|9|x\n40|1|NULL");
}

TEST_P(Undo, ListsRowsThatAreGone) {
  make_rows(30);
  data("1_fill", kFill);
  run("fill");
  exec("DELETE FROM t WHERE id IN (4, 30)");
  const auto outcome = undo("fill");
  EXPECT_EQ(counts(outcome), "28 0 2 0");
  EXPECT_EQ(keys(outcome), "-4 -30");
}

TEST_P(Undo, GoesOnWhereItWasStoppedAndRestoresEachRowOnce) {
  make_rows(60);
  data("1_count", kCount);
  run("count");
  // What an undo that restored twice would be seen by: each time a row is written it is counted.
  exec("CREATE TABLE writes (id bigint NOT NULL)");
  exec(
      pick("CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO writes VALUES (NEW.id); "
           "RETURN NEW; END $$; CREATE TRIGGER note AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()",
           "CREATE TRIGGER note AFTER UPDATE ON t BEGIN INSERT INTO writes VALUES (NEW.id); END",
           "CREATE TRIGGER note AFTER UPDATE ON t FOR EACH ROW INSERT INTO writes VALUES (NEW.id)"));
  int batches = 0;
  observer().after_batch = [&](int) {
    if (++batches == 2) stop().request();
  };
  const auto stopped = undo("count");
  EXPECT_FALSE(stopped.complete);
  EXPECT_EQ(counts(stopped), "20 0 0 40");
  EXPECT_FALSE(is_recorded("1")) << "from the first row on it does not count as applied";
  forget_stop();
  observer().after_batch = nullptr;
  const auto outcome = undo("count");
  EXPECT_TRUE(outcome.complete);
  EXPECT_EQ(counts(outcome), "60 0 0 0");
  EXPECT_EQ(query("SELECT count(*), count(DISTINCT id) FROM writes"), "60|60");
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "0|0");
}

TEST_P(Undo, MayBeKilledAtAnyMoment) {
  make_rows(3000);
  data("1_count", "-- over: t\n-- batch: 50\n-- keep: n\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  run("count");
  auto child = start_weir({"undo", "count"});
  while (number("SELECT count(*) FROM weir_kept_1 WHERE state = 'undone'") < 200) std::this_thread::yield();
  child->send(SIGKILL);
  child->wait();
  exec("UPDATE t SET n = 5 WHERE n = 0");  // what is restored must not be looked at again
  const auto restored = number("SELECT count(*) FROM t WHERE n = 5");
  const auto outcome = undo("count");
  EXPECT_EQ(counts(outcome), "3000 0 0 0");
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE n = 5"), restored);
  EXPECT_EQ(number("SELECT count(*) FROM t WHERE n = 0"), 3000 - restored);
}

TEST_P(Undo, TakesTheRecordBackSoThatANewRunBegins) {
  make_rows(20);
  data("1_fill", kFill);
  run("fill");
  EXPECT_TRUE(is_recorded("1"));
  undo("fill");
  EXPECT_FALSE(is_recorded("1"));
  EXPECT_EQ(number("SELECT count(*) FROM weir_events WHERE kind = 'run-undone'"), 1);
  EXPECT_EQ(thrown_by([&] { undo("fill"); }).code(), Code::kNotFound);
  const auto again = run("fill");
  EXPECT_EQ(again.attempt, 2);
  EXPECT_EQ(again.rows_done, 20);
  EXPECT_TRUE(is_recorded("1"));
  EXPECT_EQ(undo("fill").restored, 20);
  EXPECT_EQ(query("SELECT count(*), sum(n), count(a) FROM t"), "20|0|0");
}

TEST_P(Undo, EndsARunThatWasPaused) {
  make_rows(50);
  data("1_count", kCount);
  observer().after_batch = [this](int batch) {
    if (batch == 2) stop().request();
  };
  run("count");
  forget_stop();
  observer().after_batch = nullptr;
  EXPECT_EQ(undo("count").restored, 20);
  EXPECT_EQ(run_state("count"), "cancelled");
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 0);
  EXPECT_EQ(run("count").attempt, 2);
}

TEST_P(Undo, RestoresTheTableOfTheRunThatKeptItsValues) {
  make_rows(25);
  exec("UPDATE t SET a = 'mine' WHERE id = 7");
  const std::string before = everything();
  exec("CREATE TABLE other (id bigint PRIMARY KEY, n bigint NOT NULL, a text)");
  exec("INSERT INTO other SELECT id, 7, 'other' FROM t");
  data("1_fill",
       "-- over: t\n-- batch: 10\n-- keep: a, n\n-- migrate:batch\nUPDATE t SET a = 'x', n = 1 WHERE :batch\n");
  run("fill");
  data("1_fill", "-- over: other\n-- migrate:batch\nUPDATE other SET a = 'x', n = 1 WHERE :batch\n");
  run("fill", {}, backfill::Start::kRestart);
  const auto outcome = undo("fill");
  EXPECT_EQ(outcome.run.attempt, 1);
  EXPECT_EQ(counts(outcome), "25 0 0 0");
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(query("SELECT count(*), min(n), max(n), min(a) FROM other"), "25|1|1|x");
}

TEST_P(Undo, IsNotCompleteAsLongAsAnImageIsLeft) {
  make_rows(30);
  exec("UPDATE t SET a = 'mine', n = 7 WHERE id = 3");
  data("1_fill", kFill);
  run("fill");
  observer().after_batch = [&](int) {  // a late one, behind the cursor
    observer().after_batch = nullptr;
    exec("UPDATE t SET a = 'x', n = 8 WHERE id = 3");
    exec(
        "INSERT INTO weir_kept_1 (key_1, before_1, before_2, after_1, after_2, state) VALUES (3, 'mine', 7, 'x', 8, "
        "'kept')");
  };
  EXPECT_EQ(counts(undo("fill")), "30 0 0 0");
  EXPECT_EQ(query("SELECT id, n, a FROM t WHERE n <> 0 OR a IS NOT NULL"), "3|7|mine");
}

TEST_P(Undo, HoldsOffARunThatWasAboutToBegin) {
  make_rows(40);
  data("1_fill", kFill);
  run("fill");
  exec("UPDATE t SET a = NULL WHERE id = 4");
  std::optional<backfill::Undo> undoing;
  observer().after_note = [&](const std::string&) {  // the run has looked for an undo, and has not counted rows yet
    observer().after_note = nullptr;
    auto book = ledger();
    undoing.emplace(database(), clock(), stop(), observer(), backfill::find_run(book, "fill"), "test");
    undoing->begin();
  };
  EXPECT_EQ(failed_run("fill").code(), Code::kIllegalTransition);
  EXPECT_EQ(number("SELECT count(*) FROM weir_runs"), 1);
  EXPECT_EQ(counts(undoing.value().execute()), "39 1 0 0");
  EXPECT_EQ(run("fill").attempt, 2);
}

TEST_P(Undo, DoesNotBeginWhenANewerRunHasBegun) {
  make_rows(40);
  data("1_fill", kFill);
  run("fill");
  auto book = ledger();
  backfill::Undo late(database(), clock(), stop(), observer(), backfill::find_run(book, "fill"), "test");
  exec("UPDATE t SET a = NULL WHERE id = 4");
  run("fill");
  EXPECT_EQ(thrown_by([&] { late.begin(); }).code(), Code::kIllegalTransition);
  EXPECT_TRUE(is_recorded("1"));
  EXPECT_EQ(number("SELECT count(*) FROM weir_before_images WHERE state = 'kept'"), 2);
}

TEST_P(Undo, ARunThatBeganWithoutKeepGoesOnWithoutIt) {
  make_rows(50);
  const std::string without = "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n";
  data("1_count", without);
  run_half("count");
  data("1_count", kCount);
  EXPECT_EQ(refused_to_continue("count").code(), Code::kDefinitionChanged);
  EXPECT_EQ(query("SELECT count(*), sum(n) FROM t"), "50|20");
  data("1_count", without);
  run("count");
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
}

TEST_P(Undo, ARunThatBeganWithKeepGoesOnWithIt) {
  make_rows(50);
  data("1_count", kCount);
  run_half("count");
  data("1_count", "-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  EXPECT_EQ(refused_to_continue("count").code(), Code::kDefinitionChanged);
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 20);
  data("1_count", kCount);
  run("count");
  EXPECT_EQ(counts(undo("count")), "50 0 0 0");
}

TEST_P(Undo, ARunWhoseImagesAreGoneDoesNotGoOnWithHalfOfThem) {
  make_rows(50);
  data("1_count", kCount);
  run_half("count");
  exec("DROP TABLE weir_kept_1");
  EXPECT_EQ(failed_run("count").code(), Code::kNotFound);
  EXPECT_FALSE(has_table("weir_kept_1"));
  EXPECT_EQ(number("SELECT sum(n) FROM t"), 20);
  EXPECT_EQ(weir({"undo", "count", "--discard"}).exit_code, 0);
  EXPECT_EQ(failed_run("count").code(), Code::kDefinitionChanged) << "discarded images are gone, too";
  run("count", {}, backfill::Start::kRestart);
  EXPECT_EQ(undo("count").restored, 50);
}

TEST_P(Undo, HoldsOffARunUntilItIsComplete) {
  make_rows(40);
  data("1_count", kCount);
  run("count");
  observer().after_batch = [this](int) { stop().request(); };
  undo("count");
  forget_stop();
  observer().after_batch = nullptr;
  EXPECT_EQ(failed_run("count").code(), Code::kIllegalTransition);
  undo("count");
  EXPECT_EQ(run("count").rows_done, 40);
}

TEST_P(Undo, DoesNotCountRowsThatTheChangeLeftAsTheyWere) {
  make_rows(30);
  data("1_odd",
       "-- over: t\n-- batch: 10\n-- keep: n\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch AND id % 2 = 1\n");
  EXPECT_EQ(run("odd").rows_done, 15);
  EXPECT_EQ(number("SELECT count(*) FROM weir_kept_1"), 15);
  exec("UPDATE t SET n = 4 WHERE id = 2");
  EXPECT_EQ(counts(undo("odd")), "15 0 0 0");
  EXPECT_EQ(query("SELECT id, n FROM t WHERE n <> 0"), "2|4");
}

TEST_P(Undo, KeepsTheOldestValuesOfARowThatTheRunChangedTwice) {
  make_rows(20);
  exec("ALTER TABLE t ADD COLUMN done bigint DEFAULT 0; UPDATE t SET n = 100");
  data("1_twice",
       "-- over: t\n-- where: done = 0\n-- batch: 10\n-- keep: n\n-- migrate:batch\n"
       "UPDATE t SET n = n + 1, done = 1 WHERE :batch\n");
  observer().after_batch = [this](int batch) {
    // Row 3 is changed again by the second pass, and so is row 4, which the application has written since.
    if (batch == 2) exec("UPDATE t SET done = 0 WHERE id = 3; UPDATE t SET done = 0, n = 50 WHERE id = 4");
  };
  run("twice");
  observer().after_batch = nullptr;
  EXPECT_EQ(query("SELECT n FROM t WHERE id IN (3, 4) ORDER BY id"), "102\n51");
  EXPECT_EQ(counts(undo("twice")), "20 0 0 0");
  EXPECT_EQ(query("SELECT id, n FROM t WHERE n <> 100"), "4|50");
}

TEST_P(Undo, WalksKeysOfSeveralColumns) {
  exec("CREATE TABLE p (tenant " + key_text() + " NOT NULL, id bigint NOT NULL, v bigint, PRIMARY KEY (tenant, id))");
  exec("INSERT INTO p VALUES ('a', 1, 1), ('a', 2, NULL), ('a''b', 1, 3), ('b', 1, 4), ('b', 2, 5), ('z', 9, 6)");
  const std::string before = query("SELECT tenant, id, v FROM p ORDER BY tenant, id");
  data("1_add",
       "-- over: p\n-- batch: 2\n-- keep: v\n-- migrate:batch\nUPDATE p SET v = coalesce(v, 0) + 10 WHERE :batch\n");
  run("add");
  exec("UPDATE p SET v = 0 WHERE tenant = 'b' AND id = 2");
  const auto outcome = undo("add");
  EXPECT_EQ(counts(outcome), "5 1 0 0");
  EXPECT_EQ(db::encode_key(outcome.others.front().key), R"(["b",2])");
  exec("UPDATE p SET v = 5 WHERE tenant = 'b' AND id = 2");
  EXPECT_EQ(query("SELECT tenant, id, v FROM p ORDER BY tenant, id"), before);
}

TEST_P(Undo, RestoresValuesOfEveryTypeExactly) {
  exec(pick(
      "CREATE TYPE mood AS ENUM ('sad', 'ok');"
      "CREATE TABLE v (id int PRIMARY KEY, b bytea, d numeric, f float8, r real, j json, k jsonb, ts timestamptz, i "
      "interval, "
      "m mood, arr text[], c char(5), txt text COLLATE \"C\", x xml, bit_s bit varying(9), pt point)",
      "CREATE TABLE v (id integer PRIMARY KEY, b blob, d, f real, r numeric, j text, k text COLLATE NOCASE)",
      "CREATE TABLE v (id int PRIMARY KEY, b blob, d decimal(40,10), f double, r float, j json, ts timestamp(6) NULL, "
      "dt datetime(6), m enum('sad','ok'), s set('a','b'), c char(5), txt varchar(20) CHARACTER SET latin1, bi bit(9), "
      "y year, u bigint unsigned, ti time(3))"));
  exec(pick(
      "INSERT INTO v VALUES (1, '\\x00ff27', 1.10, 'NaN', 0.1, '{\"b\": 1,  \"a\":1}', '{}', '2026-03-29 01:30:00+00', "
      "'1 mon -2 days 03:04:05.6', 'ok', ARRAY['a,b', NULL, '\"'], 'ab', E'it''s\\\\ \\n', '<a/>', B'101', '(1,2.5)'), "
      "(2, NULL, 'NaN', '-0', '1e-45', NULL, NULL, 'infinity', NULL, NULL, '{}', '', '', NULL, NULL, NULL)",
      "INSERT INTO v VALUES (1, x'00ff27', '1.0', 0.1, 1e300, 'it''s', 'A'), (2, NULL, 1.0, 3, 9007199254740993, '', "
      "NULL), "
      "(3, 'text in blob', x'31', 1e-320, 'abc', '\"', 'a')",
      "INSERT INTO v VALUES (1, x'00ff27', 1.1, 0.1, 0.1, '{\"b\": 1,  \"a\":1}', '2026-03-29 03:30:00.123456', "
      "'2026-01-01 00:00:00.000001', 'ok', 'a,b', 'ab', 'it''s \\\\', b'101', 2026, 18446744073709551615, "
      "'-12:00:00.5'), "
      "(2, NULL, -0.0000000001, 1e300, 16777217, NULL, NULL, NULL, NULL, '', '', '', NULL, NULL, 0, NULL)"));
  const bool postgres = is_postgres();
  const std::string all = is_sqlite() ? "SELECT id, quote(b), typeof(b), quote(d), typeof(d), quote(f), quote(r), "
                                        "typeof(r), quote(j), quote(k) FROM v ORDER BY id"
                          : postgres
                              ? "SELECT v::text FROM v ORDER BY id"
                              : "SELECT id, hex(b), d, f, r * 1e10, j, ts, dt, m, s, c, hex(txt), hex(bi), y, u, ti "
                                "FROM v ORDER BY id";
  const std::string before = query(all);
  const std::string keep = pick("b, d, f, r, j, k, ts, i, m, arr, c, txt, x, bit_s, pt", "b, d, f, r, j, k",
                                "b, d, f, r, j, ts, dt, m, s, c, txt, bi, y, u, ti");
  const std::string change = pick(
      "b = 'x', d = 2, f = 2, r = 2, j = '1', k = '1', ts = now(), i = '1 h', m = 'sad', arr = '{z}', c = 'z', txt = "
      "'z', x = '<b/>', bit_s = B'1', pt = '(0,0)'",
      "b = 'x', d = 2, f = 2, r = 2, j = 'z', k = x'00'",
      "b = 'x', d = 2, f = 2, r = 2, j = '1', ts = '2026-01-01', dt = now(), m = 'sad', s = 'a', c = 'z', txt = 'z', "
      "bi = 1, y = 2000, u = 1, ti = '1:00:00'");
  data("1_all", "-- over: v\n-- keep: " + keep + "\n-- migrate:batch\nUPDATE v SET " + change + " WHERE :batch\n");
  run("all");
  EXPECT_NE(query(all), before);
  const auto outcome = undo("all");
  EXPECT_EQ(counts(outcome), is_sqlite() ? "3 0 0 0" : "2 0 0 0");
  EXPECT_EQ(query(all), before);
}

// Equal by the collation, or as numbers, is not the same.
TEST_P(Undo, SeesAChangeThatTheDatabaseCallsEqual) {
  exec(
      pick("CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
           "CREATE TABLE c (id int PRIMARY KEY, a text COLLATE ci)",
           "CREATE TABLE c (id integer PRIMARY KEY, a text COLLATE NOCASE)",
           "CREATE TABLE c (id int PRIMARY KEY, a varchar(20) COLLATE utf8mb4_general_ci)"));
  exec("INSERT INTO c VALUES (1, 'old'), (2, 'old')");
  data("1_c", "-- over: c\n-- keep: a\n-- migrate:batch\nUPDATE c SET a = 'new' WHERE :batch\n");
  run("c");
  exec("UPDATE c SET a = 'NEW' WHERE id = 2");
  const auto outcome = undo("c");
  EXPECT_EQ(keys(outcome), "2");
  EXPECT_EQ(query("SELECT a FROM c ORDER BY id"), "old\nNEW");
}

// A row that comes to match `where` after the images were taken has none: it must wait for the next pass.
TEST_P(Undo, NoRowIsChangedWithoutAnImageWhileOthersWrite) {
  if (is_sqlite()) return;  // one writer
  make_rows(30);
  exec("UPDATE t SET a = 'done' WHERE id IN (15, 16)");
  exec("DELETE FROM t WHERE id = 18");
  const std::string wait =
      pick("SELECT pg_advisory_xact_lock(77)", "", "DO GET_LOCK('weir_undo_test', 30), RELEASE_LOCK('weir_undo_test')");
  data("1_fill", "-- over: t\n-- where: a IS NULL\n-- batch: 10\n-- keep: a, n\n-- migrate:batch\n" + wait +
                     ";\nUPDATE t SET a = 'x', n = n + 1 WHERE :batch\n");
  const auto gate = connect();
  const auto look = connect();
  const std::string waiting = pick(
      "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", "",
      "SELECT count(*) FROM information_schema.processlist WHERE state = 'User lock' AND info LIKE '%weir_undo_test%'");
  std::thread writer;
  observer().after_batch = [&](int batch) {
    if (batch != 1) return;
    gate->execute_text(pick("SELECT pg_advisory_lock(77)", "", "DO GET_LOCK('weir_undo_test', 30)"));
    writer = std::thread([&] {
      while (db::as_integer(look->execute_text(waiting).rows.at(0).at(0)) == 0) std::this_thread::yield();
      look->execute_text("UPDATE t SET a = NULL, n = 40 WHERE id = 15");
      look->execute_text("INSERT INTO t (id, n) VALUES (18, 50)");
      gate->execute_text(pick("SELECT pg_advisory_unlock(77)", "", "DO RELEASE_LOCK('weir_undo_test')"));
    });
  };
  const auto outcome = run("fill");
  writer.join();
  observer().after_batch = nullptr;
  EXPECT_EQ(outcome.passes, 2);
  EXPECT_EQ(query("SELECT id, n, a FROM t WHERE id BETWEEN 15 AND 18 ORDER BY id"),
            "15|41|x\n16|0|done\n17|1|x\n18|51|x");
  EXPECT_EQ(counts(undo("fill")), "29 0 0 0");
  EXPECT_EQ(query("SELECT id, n, a FROM t WHERE id BETWEEN 15 AND 18 ORDER BY id"),
            "15|40|NULL\n16|0|done\n17|0|NULL\n18|50|NULL");
}

TEST_P(Undo, KeepsTheImagesOfSeveralWorkers) {
  make_rows(2000);
  data("1_count", "-- over: t\n-- batch: 20\n-- keep: n\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  const auto ended = weir({"run", "count", "--workers", "3"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_EQ(counts(undo("count")), "2000 0 0 0");
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "0|0");
}

TEST_P(Undo, ARowThatIsTriedAgainFromQuarantineHasAnImageToo) {
  make_rows(30);
  exec("CREATE TABLE seen (id bigint PRIMARY KEY); INSERT INTO seen VALUES (25)");
  data("1_count",
       "-- over: t\n-- batch: 10\n-- keep: n\n-- on_error: quarantine 3\n-- migrate:batch\n"
       "INSERT INTO seen SELECT id FROM t WHERE :batch;\nUPDATE t SET n = n + 1 WHERE :batch\n");
  weir({"run", "count"});
  EXPECT_EQ(query("SELECT count(*) FROM weir_quarantine"), "1");
  EXPECT_EQ(number("SELECT count(*) FROM weir_kept_1"), 29);
  exec("DELETE FROM seen WHERE id = 25");
  const auto retried = weir({"quarantine", "retry", "count"});
  EXPECT_EQ(number("SELECT n FROM t WHERE id = 25"), 1) << retried.out << retried.err;
  EXPECT_EQ(counts(undo("count")), "30 0 0 0");
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "0|0");
}

TEST_P(Undo, RefusesAColumnThatIsNotThereAtItsPlace) {
  make_rows(5);
  data("1_x", "-- over: t\n-- keep: a, locale\n-- migrate:batch\nUPDATE t SET a = 'x' WHERE :batch\n");
  const Error error = failed_run("x");
  EXPECT_EQ(error.code(), Code::kInvalidFile);
  EXPECT_EQ(test::place_of_error(error), "2:13");
  EXPECT_EQ(number("SELECT count(a) FROM t"), 0);
}

TEST_P(Undo, RefusesAColumnOfTheKeyAndOneThatIsGenerated) {
  exec("CREATE TABLE g (id bigint PRIMARY KEY, a bigint, b bigint GENERATED ALWAYS AS (a + 1) STORED)");
  data("1_x", "-- over: g\n-- keep: id\n-- migrate:batch\nUPDATE g SET a = 1 WHERE :batch\n");
  data("2_y", "-- over: g\n-- keep: b\n-- migrate:batch\nUPDATE g SET a = 1 WHERE :batch\n");
  EXPECT_NE(failed_run("x").message().find("key"), std::string::npos);
  EXPECT_NE(failed_run("y").message().find("generated"), std::string::npos);
}

TEST_P(Undo, RefusesWhenAKeptColumnHasChangedItsType) {
  make_rows(5);
  exec("CREATE TABLE w (id bigint PRIMARY KEY, v bigint); INSERT INTO w VALUES (1, 1)");
  data("1_w", "-- over: w\n-- keep: v\n-- migrate:batch\nUPDATE w SET v = 2 WHERE :batch\n");
  run("w");
  exec("ALTER TABLE w DROP COLUMN v; ALTER TABLE w ADD COLUMN v text");
  EXPECT_EQ(thrown_by([&] { undo("w"); }).code(), Code::kNotReversible);
  EXPECT_TRUE(is_recorded("1")) << "nothing was begun";
}

TEST_P(Undo, RestoresNothingWhereATriggerWritesSomethingElse) {
  make_rows(5);
  data("1_count", kCount);
  run("count");
  exec(
      pick("CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := 99; RETURN NEW; END $$;"
           "CREATE TRIGGER odd BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION odd()",
           "CREATE TRIGGER odd AFTER UPDATE ON t WHEN NEW.n <> 99 BEGIN UPDATE t SET n = 99 WHERE id = NEW.id; END",
           "CREATE TRIGGER odd BEFORE UPDATE ON t FOR EACH ROW SET NEW.n = 99"));
  EXPECT_EQ(thrown_by([&] { undo("count"); }).code(), Code::kNotReversible);
  EXPECT_EQ(query("SELECT min(n), max(n) FROM t"), "1|1");
  exec(pick("DROP TRIGGER odd ON t", "DROP TRIGGER odd", "DROP TRIGGER odd"));
  EXPECT_EQ(undo("count").restored, 5);
}

TEST_P(Undo, AfterDiscardingNothingCanBeUndone) {
  make_rows(20);
  data("1_count", kCount);
  run("count");
  EXPECT_TRUE(has_table("weir_kept_1"));
  auto book = ledger();
  EXPECT_EQ(backfill::discard_images(book, backfill::find_run(book, "count"), "test").size(), 1U);
  EXPECT_FALSE(has_table("weir_kept_1"));
  EXPECT_EQ(number("SELECT count(*) FROM weir_before_images"), 0);
  EXPECT_EQ(thrown_by([&] { undo("count"); }).code(), Code::kNotFound);
  EXPECT_EQ(number("SELECT min(n) FROM t"), 1);
}

TEST_P(Undo, DropsImagesOfRunsThatEndedLongAgo) {
  make_rows(20);
  data("1_count", kCount);
  data("2_fill", kFill);
  run("count");
  run("fill");
  exec("UPDATE weir_runs SET finished_at_ms = finished_at_ms - 100000 WHERE name = 'count'");
  auto book = ledger();
  EXPECT_EQ(backfill::discard_expired_images(book, Milliseconds(50'000), "test").size(), 1U);
  EXPECT_FALSE(has_table("weir_kept_1"));
  EXPECT_EQ(undo("fill").restored, 20);
}

// --- the program

TEST_P(Undo, TheCommandPrintsKeysAndNeverValues) {
  make_rows(30);
  data("1_fill", kFill);
  run("fill");
  exec("UPDATE t SET a = 'secret' WHERE id = 5");
  const auto ended = weir({"undo", "fill"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.out, "undone fill: 29 rows restored, 1 changed since\n  changed since 5\n");
}

TEST_P(Undo, TheCommandRefusesWhileWhatDependsOnItIsApplied) {
  make_rows(30);
  data("1_fill", kFill);
  schema(
      "2_strict",
      "-- requires: fill\n-- migrate:up\nCREATE TABLE after_fill (id int);\n-- migrate:down\nDROP TABLE after_fill;\n");
  run("fill");
  deploy();
  const auto refused = weir({"undo", "fill", "--json"});
  EXPECT_NE(refused.out.find("\"gate-closed\""), std::string::npos) << refused.out;
  EXPECT_EQ(number("SELECT count(a) FROM t"), 30);
  EXPECT_EQ(weir({"rollback"}).exit_code, 0);
  const auto undone = weir({"undo", "fill", "--json"});
  EXPECT_NE(undone.out.find("\"rows_restored\": 30"), std::string::npos) << undone.out << undone.err;
  EXPECT_EQ(number("SELECT count(a) FROM t"), 0);
}

TEST_P(Undo, TheCommandRefusesWhileARunOfWhatDependsOnItMayGoOn) {
  make_rows(30);
  data("1_fill", kFill);
  data("2_next",
       "-- requires: fill\n-- over: t\n-- batch: 10\n-- migrate:batch\nUPDATE t SET n = n + 1 WHERE :batch\n");
  run("fill");
  run_half("next");
  EXPECT_EQ(run_state("next"), "paused");
  const auto refused = weir({"undo", "fill", "--json"});
  EXPECT_NE(refused.out.find("\"gate-closed\""), std::string::npos) << refused.out;
  EXPECT_EQ(number("SELECT count(a) FROM t"), 30);
  EXPECT_TRUE(is_recorded("1"));
  EXPECT_EQ(weir({"cancel", "next"}).exit_code, 0);
  EXPECT_EQ(weir({"undo", "fill"}).exit_code, 0);
  EXPECT_FALSE(is_recorded("1"));
}

TEST_P(Undo, TheDumpLeavesTheImagesOut) {
  make_rows(5);
  data("1_count", kCount);
  run("count");
  const auto dumped = weir({"dump", "--file", "-"});
  EXPECT_EQ(dumped.out.find("weir_kept"), std::string::npos);
}

}  // namespace
}  // namespace weir
