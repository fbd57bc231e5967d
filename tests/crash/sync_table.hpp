// Which course passes which sync point, and on which engines. The scenarios compare it with what was passed: a point
// that stands here and is not passed is a failure, and so is one that is passed on an engine where nothing is said of
// it.
#pragma once

#include <string_view>
#include <vector>

#include "base/sync_point.hpp"

namespace weir::crash {

// After its connections were cut at the point the process gets on by itself, or ends with an error, and the next one
// goes on where it stood.
enum class AfterCut { kSurvives, kNext };

struct Passage {
  SyncPoint point;
  std::string_view course;
  std::string_view engines;
  AfterCut after_cut;
};

const std::vector<Passage>& all_passages();
bool is_on(const Passage& passage, std::string_view engine);

}  // namespace weir::crash
