// An example of the property tests as data: a table, a migration over it, and the script of what an application and an
// operator do meanwhile. Generated, shrunk and shown by rapidcheck.
#pragma once

#include <iosfwd>
#include <rapidcheck.h>
#include <string>
#include <vector>

#include "support/promises/key_shapes.hpp"

namespace weir::test::promises {

enum class Act {
  // the application
  kInsert,
  kDelete,
  kMove,   // to another key
  kTouch,  // another column
  kUndo,   // `where` matches the row (again)
  kDo,     // ... and does not match it any more
  // the operator
  kStop,     // Ctrl-C, then `weir run`
  kPause,    // `weir pause`, then `weir run`
  kCancel,   // `weir cancel`, then `weir run`: a new attempt
  kRestart,  // Ctrl-C, then `weir run --restart`
  kTune,
  // the world
  kSteal,  // another host takes every lease, and dies
  kCut,    // the server ends every session of weir
  kHelp,   // another process joins the run
};

struct Step {
  Act act = Act::kTouch;
  int gap = 0;              // batches to go by before
  std::uint32_t which = 0;  // which row, or what
  std::uint32_t where = 0;  // which key
};

enum class Selection {
  kAll,     // no `where`
  kMarked,  // `where` asks for the mark that the change leaves
  kSome,    // ... and leaves a third of the rows out
};

struct Example {
  KeyShape shape = KeyShape::kGaps;
  std::uint64_t seed = 0;  // of the keys
  int rows = 0;
  int batch = 1;
  int workers = 1;
  Selection selection = Selection::kAll;
  std::vector<Step> steps;
};

std::ostream& operator<<(std::ostream& out, const Example& example);

// kOneByOne: a single worker, so that all happens in the order of the script. kAtOnce: up to eight, and helpers.
enum class Concurrency { kOneByOne, kAtOnce };
rc::Gen<Example> examples(Concurrency concurrency);

}  // namespace weir::test::promises
