// Named sync points: what tests rely on, and that the program knows nothing of them.
#include "base/sync_point.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <vector>

#include "support/places.hpp"

namespace weir {
namespace {

std::vector<SyncPoint> seen;

TEST(SyncPoint, CallsTheHookOfATestAndNobodyElse) {
  sync_point(SyncPoint::kBatchSent);
  sync_hook = [](SyncPoint point) { seen.push_back(point); };
  sync_point(SyncPoint::kBatchCommitted);
  sync_hook = nullptr;
  sync_point(SyncPoint::kBatchSent);
  EXPECT_EQ(seen, std::vector{SyncPoint::kBatchCommitted});
}

TEST(SyncPoint, HasANameOfItsOwn) {
  EXPECT_EQ(to_string(SyncPoint::kLedgerTablesMade), "ledger-tables-made");
  EXPECT_EQ(to_string(SyncPoint::kRollbackCommitted), "rollback-committed");
  const std::set<std::string_view> names(kSyncPointNames.begin(), kSyncPointNames.end());
  EXPECT_EQ(names.size(), kSyncPointNames.size());
}

// What kills, cuts and waits, and what reads the variables that ask for it, is linked to the crash suite's program
// only.
TEST(SyncPoint, IsNotKnownToTheProgramThatIsReleased) {
  std::ifstream in(test::program_path(), std::ios::binary);
  const std::string program{std::istreambuf_iterator<char>(in), {}};
  ASSERT_GT(program.size(), 100'000u) << test::program_path();
  for (const auto* variable : {"WEIR_SYNC_POINTS", "WEIR_SYNC_LOG"})
    EXPECT_EQ(program.find(variable), std::string::npos) << variable;
  for (const auto name : kSyncPointNames) EXPECT_EQ(program.find(name), std::string::npos) << name;
}

}  // namespace
}  // namespace weir
