#include "ledger/run_state.hpp"

#include <fmt/format.h>
#include <initializer_list>

#include "base/error.hpp"

namespace weir {

std::string_view to_string(RunState state) {
  switch (state) {
    case RunState::kQueued: return "queued";
    case RunState::kRunning: return "running";
    case RunState::kPausing: return "pausing";
    case RunState::kPaused: return "paused";
    case RunState::kSucceeded: return "succeeded";
    case RunState::kFailed: return "failed";
    case RunState::kCancelling: return "cancelling";
    case RunState::kCancelled: return "cancelled";
  }
  return "";
}

}  // namespace weir

namespace weir::ledger {
namespace {

constexpr RunState kAll[] = {RunState::kQueued,    RunState::kRunning, RunState::kPausing,    RunState::kPaused,
                             RunState::kSucceeded, RunState::kFailed,  RunState::kCancelling, RunState::kCancelled};

bool one_of(RunState state, std::initializer_list<RunState> states) {
  for (const RunState candidate : states) {
    if (state == candidate) return true;
  }
  return false;
}

}  // namespace

RunState parse_run_state(std::string_view text) {
  for (const RunState state : kAll) {
    if (to_string(state) == text) return state;
  }
  throw Error(Code::kLedgerCorrupt, fmt::format("the ledger holds an unknown run state '{}'", text));
}

bool may_follow(RunState from, RunState to) {
  switch (from) {
    case RunState::kQueued: return one_of(to, {RunState::kRunning, RunState::kPaused, RunState::kCancelled});
    case RunState::kRunning:
      return one_of(to, {RunState::kPausing, RunState::kSucceeded, RunState::kFailed, RunState::kCancelling});
    case RunState::kPausing: return one_of(to, {RunState::kPaused, RunState::kFailed, RunState::kCancelling});
    case RunState::kPaused: return one_of(to, {RunState::kQueued, RunState::kCancelled});
    case RunState::kFailed: return one_of(to, {RunState::kQueued, RunState::kCancelled});
    case RunState::kCancelling: return one_of(to, {RunState::kCancelled});
    case RunState::kSucceeded:
    case RunState::kCancelled: return false;
  }
  return false;
}

bool is_final(RunState state) { return one_of(state, {RunState::kSucceeded, RunState::kCancelled}); }
bool is_active(RunState state) {
  return one_of(state, {RunState::kRunning, RunState::kPausing, RunState::kCancelling});
}

}  // namespace weir::ledger
