// Invariant 9: states move only through the transition table.
#include "ledger/run_state.hpp"

#include <gtest/gtest.h>
#include <set>

#include "support/expect_error.hpp"

namespace weir::ledger {
namespace {

using enum RunState;

constexpr RunState kStates[] = {kQueued, kRunning, kPausing, kPaused, kSucceeded, kFailed, kCancelling, kCancelled};

// DESIGN.md section 4, edge by edge; a failed run goes on by being queued again; what nobody executes is paused or
// cancelled at once.
const std::set<std::pair<RunState, RunState>> kEdges = {
    {kQueued, kRunning}, {kQueued, kPaused},      {kQueued, kCancelled},     {kRunning, kSucceeded},
    {kRunning, kFailed}, {kRunning, kPausing},    {kRunning, kCancelling},   {kPausing, kPaused},
    {kPausing, kFailed}, {kPausing, kCancelling}, {kPaused, kQueued},        {kPaused, kCancelled},
    {kFailed, kQueued},  {kFailed, kCancelled},   {kCancelling, kCancelled},
};

TEST(Invariant9TransitionTable, HoldsEveryEdgeAndNoOther) {
  for (const RunState from : kStates) {
    for (const RunState to : kStates) {
      EXPECT_EQ(may_follow(from, to), kEdges.contains({from, to})) << to_string(from) << " -> " << to_string(to);
    }
  }
}

TEST(Invariant9TransitionTable, FinalStatesHaveNoWayOut) {
  for (const RunState from : kStates) {
    bool way_out = false;
    for (const RunState to : kStates) way_out = way_out || may_follow(from, to);
    EXPECT_EQ(is_final(from), !way_out) << to_string(from);
  }
}

TEST(RunStates, AreActiveWhileAWorkerExecutesThem) {
  const std::set<RunState> active = {kRunning, kPausing, kCancelling};
  for (const RunState state : kStates) EXPECT_EQ(is_active(state), active.contains(state)) << to_string(state);
}

TEST(RunStates, AreSpelledAsInTheContract) {
  std::set<std::string_view> names;
  for (const RunState state : kStates) {
    names.insert(to_string(state));
    EXPECT_EQ(parse_run_state(to_string(state)), state);
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"queued", "running", "pausing", "paused", "succeeded", "failed",
                                               "cancelling", "cancelled"}));
  EXPECT_EQ(test::thrown_by([] { parse_run_state("done"); }).code(), Code::kLedgerCorrupt);
}

}  // namespace
}  // namespace weir::ledger
