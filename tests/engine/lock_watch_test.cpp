// Batches that keep the application waiting for a lock are given up and tried again, smaller.
#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "backfill/runner.hpp"
#include "support/database_test.hpp"

namespace weir {
namespace {

using test::DatabaseTest;

class LockWatch : public DatabaseTest {
 protected:
  // Changes one row in a hundredth of a second.
  static std::string slow_change() { return "UPDATE t SET n = n + 1 WHERE :batch AND pg_sleep(0.01) IS NOT NULL"; }
  backfill::RunOutcome run_slowly(int workers = 1) {
    const auto timeline = this->timeline();
    const backfill::RunRequest request{
        .migration = timeline.find("count"), .parameters = {}, .actor = "test", .workers = workers};
    return backfill::Runner(database(), system_clock(), stop(), observer()).run(request);
  }
};
WEIR_ON_POSTGRES(LockWatch);

TEST_P(LockWatch, ABatchThatKeepsOthersWaitingGivesWayAndIsTriedAgainSmaller) {
  make_rows(60);
  data("1_count", "-- over: t\n-- batch: 60\n-- migrate:batch\n" + slow_change() + "\n");
  std::atomic<bool> over = false;
  std::thread application([&] {
    const auto own = database().connect(db::Purpose::kWorker);
    for (int row = 0; !over; row = (row + 1) % 60) {  // sooner or later one that the batch has changed already
      try {
        own->execute_text("UPDATE t SET a = 'seen' WHERE id = " + std::to_string(row + 1));
      } catch (const Error& error) {
        if (!error.is_transient()) throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  const auto outcome = run_slowly();
  over = true;
  application.join();
  EXPECT_EQ(outcome.state, ledger::RunState::kSucceeded);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|60");
  EXPECT_GT(number("SELECT count(*) FROM t WHERE a = 'seen'"), 0);
  EXPECT_NE(observer().notes.find("others waited"), std::string::npos) << observer().notes;
}

// Two others wait for each other.
TEST_P(LockWatch, ABatchInNobodysWayIsLeftAlone) {
  make_rows(30);
  exec("INSERT INTO t VALUES (1000, 1, NULL)");
  data("1_count", "-- over: t\n-- where: n = 0\n-- batch: 30\n-- migrate:batch\n" + slow_change() + "\n");
  const auto holder = database().connect(db::Purpose::kWorker);
  db::Transaction holding(*holder);
  holder->execute_text("UPDATE t SET a = 'first' WHERE id = 1000");
  std::thread waiter(
      [&] { database().connect(db::Purpose::kWorker)->execute_text("UPDATE t SET a = 'second' WHERE id = 1000"); });
  while (number("SELECT count(*) FROM pg_locks WHERE NOT granted AND database IS NULL") == 0) std::this_thread::yield();
  const auto outcome = run_slowly();
  holding.commit();
  waiter.join();
  EXPECT_EQ(outcome.state, ledger::RunState::kSucceeded);
  EXPECT_EQ(query("SELECT a FROM t WHERE id = 1000"), "second");
  EXPECT_EQ(observer().notes.find("others waited"), std::string::npos) << observer().notes;
}

// Whatever the order in which two workers come to the row that they both change.
TEST_P(LockWatch, WorkersOfOneRunDoNotGiveWayToEachOther) {
  make_rows(60);
  exec("CREATE TABLE total (n bigint)");
  exec("INSERT INTO total VALUES (0)");
  data("1_count", "-- over: t\n-- batch: 12\n-- migrate:batch\nUPDATE total SET n = n + 1;\n" + slow_change() + "\n");
  const auto outcome = run_slowly(2);
  EXPECT_EQ(outcome.state, ledger::RunState::kSucceeded);
  EXPECT_EQ(query("SELECT min(n), max(n), count(*) FROM t"), "1|1|60");
  EXPECT_EQ(observer().notes.find("others waited"), std::string::npos) << observer().notes;
}

}  // namespace
}  // namespace weir
