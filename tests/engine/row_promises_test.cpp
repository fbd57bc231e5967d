// Properties: whatever an application and an operator do to a table and its run, each row is changed exactly as often
// as docs/data-migrations.md promises ("Rows that change during a run"). RC_PARAMS="max_success=2000 seed=1" tries
// more.
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>
#include <sstream>

#include "support/database_test.hpp"
#include "support/promises/player.hpp"

namespace weir {
namespace {

using test::DatabaseTest;
using namespace test::promises;

class RowPromises : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (IsSkipped()) return;
    if (is_sqlite()) exec("PRAGMA journal_mode = WAL");
    ledger::Ledger::open_or_create(database(), connection());
  }

  void play(const Example& example, Concurrency concurrency) {
    const std::string file = std::to_string(++migrations_) + "_count";
    data(file, migration_text(example));
    const project::Migration migration = timeline().find("count");
    project().remove("db/data/" + file + ".sql");
    Table table = create_table(example, engine(), connection());
    disconnect();  // what is cut must not be ours
    Player(database(), migration, table, example, concurrency).play();
  }

  // As RC_GTEST_PROP; but where nobody says how many examples are wanted they end after some seconds, and shrinking
  // ends before the test is killed for its time.
  void check(Concurrency concurrency) {
    constexpr auto kTime = std::chrono::seconds(8), kShrinking = std::chrono::seconds(40);
    const char* given = std::getenv("RC_PARAMS");
    const bool as_many = given != nullptr && std::string(given).find("max_success") != std::string::npos;
    const rc::detail::TestParams params = rc::detail::configuration().testParams;
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto begun = now();
    std::optional<std::chrono::steady_clock::time_point> failed;
    int played = 0;
    const auto property = rc::detail::toProperty([&] {
      const Example example = *examples(concurrency);
      if (failed ? now() - *failed > kShrinking : !as_many && now() - begun > kTime) return;
      try {
        ++played;
        play(example, concurrency);
      } catch (const std::exception& broken) {
        if (!failed) {
          failed = now();
          std::cerr << "broken, now shrinking (seed " << params.seed << "): " << broken.what() << "\n"
                    << example << "\n";
        }
        RC_FAIL(broken.what());
      }
    });
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    const rc::detail::TestMetadata metadata{std::string(info->test_suite_name()) + "/" + info->name(), info->name()};
    rc::detail::TestListenerAdapter listener;
    const auto result =
        rc::detail::checkProperty(property, metadata, params, listener, rc::detail::configuration().reproduce);
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    EXPECT_TRUE(result.template is<rc::detail::SuccessResult>()) << text.str() << "\nseed " << params.seed;
    std::cout << played << " examples, seed " << params.seed << "\n";
  }

 private:
  int migrations_ = 0;
};
WEIR_ON_EVERY_ENGINE(RowPromises);

TEST_P(RowPromises, AreKeptWhateverComesBetweenTwoBatches) { check(Concurrency::kOneByOne); }

TEST_P(RowPromises, AreKeptWhateverHappensAtTheSameTime) { check(Concurrency::kAtOnce); }

}  // namespace
}  // namespace weir
