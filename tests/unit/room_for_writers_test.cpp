#include "backfill/room_for_writers.hpp"

#include <gtest/gtest.h>

#include "db/database.hpp"
#include "db/url.hpp"
#include "engines/registry.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

namespace weir::backfill {
namespace {

using std::chrono::seconds;

constexpr Milliseconds kBatch{20}, kQuarter{5}, kPause{105};

class Room : public ::testing::Test {
 protected:
  void SetUp() override { begin("WAL"); }
  void begin(const std::string& mode) {
    other_->execute_text("PRAGMA journal_mode = " + mode);
    other_->execute_text("CREATE TABLE IF NOT EXISTS t (n INTEGER)");
    own_ = database_->connect(db::Purpose::kWorker);
    room_ = {};
  }
  // How long it pauses after one batch.
  Milliseconds pause() {
    own_->execute_text("INSERT INTO t VALUES (1)");
    const auto before = clock_.slept;
    room_.leave(*own_, clock_, kBatch);
    return clock_.slept - before;
  }
  void somebody_writes() { other_->execute_text("INSERT INTO t VALUES (2)"); }
  void wait(Milliseconds time) { clock_.sleep(time); }

  test::TempDir folder_;
  std::unique_ptr<db::Database> database_ =
      engines::open_database(db::parse_url("sqlite:t.db"), folder_.path().string());
  std::unique_ptr<db::Connection> other_ = database_->connect(db::Purpose::kControl), own_;
  test::FakeClock clock_;
  RoomForWriters room_;
};

TEST_F(Room, AloneItPausesRarelyAndForLongEnough) {
  EXPECT_EQ(pause(), Milliseconds(0));
  wait(Milliseconds(1979));
  EXPECT_EQ(pause(), Milliseconds(0));
  wait(Milliseconds(1));
  EXPECT_EQ(pause(), kPause);
  EXPECT_EQ(pause(), Milliseconds(0)) << "its own writes are nobody else's";
  wait(seconds(2));
  EXPECT_EQ(pause(), kPause);
}

TEST_F(Room, AfterAnothersWriteItPausesAfterEachBatchForAMinute) {
  pause();
  somebody_writes();
  EXPECT_EQ(pause(), kQuarter);
  wait(seconds(59));
  EXPECT_EQ(pause(), kPause) << "long enough for everybody, as always after two seconds";
  EXPECT_EQ(pause(), kQuarter);
  wait(seconds(2));
  EXPECT_EQ(pause(), kPause);
  EXPECT_EQ(pause(), Milliseconds(0)) << "a minute has passed";
}

TEST_F(Room, WhoWritesInThePauseIsHeard) {
  pause();
  wait(seconds(2));
  clock_.on_sleep = [this] { somebody_writes(); };
  EXPECT_EQ(pause(), kPause);
  clock_.on_sleep = nullptr;
  EXPECT_EQ(pause(), kQuarter);
}

TEST_F(Room, TheTimeOfTheNextBatchIsCounted) {
  own_->execute_text("INSERT INTO t VALUES (1)");
  room_.leave(*own_, clock_, seconds(3));
  EXPECT_EQ(clock_.slept, kPause) << "otherwise nobody would be heard for six seconds";
}

TEST_F(Room, WhereReadersWaitTooThereIsAlwaysAQuarter) {
  own_.reset();
  begin("DELETE");
  EXPECT_EQ(pause(), kQuarter);
  EXPECT_EQ(pause(), kQuarter);
}

}  // namespace
}  // namespace weir::backfill
