// What came of one step of a deploy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "migrate/decide.hpp"

namespace weir::migrate {

struct StepResult {
  Step step;
  Milliseconds elapsed{0};                 // kApply, kContinue, kRunInline
  std::int64_t rows = 0;                   // kRunInline: changed
  std::string run_state;                   // kAlreadyQueued: of the unfinished run
  std::optional<std::int64_t> rows_total;  // kEnqueue, kAlreadyQueued: to be changed, estimate
};

}  // namespace weir::migrate
