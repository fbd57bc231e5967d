// What became of a statement that cannot be rolled back, as the catalogue shows it.
#pragma once

namespace weir::db {

enum class Effect {
  kUnknown,     // the catalogue does not tell
  kNone,        // nothing happened, or it may be repeated without harm
  kDone,        // it is done
  kHalf,        // it failed and left something behind, which remove_remains() takes away
  kInProgress,  // the server still works on it, although its client is gone
};

}  // namespace weir::db
