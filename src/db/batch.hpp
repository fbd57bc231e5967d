// One batch of a backfill as an engine executes it: the user's change, the checkpoint and what else weir wants to have
// done with them in one transaction, then the look-ahead for the next boundaries; in one network round trip where the
// engine can.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/value.hpp"
#include "sql/template.hpp"

namespace weir::db {

// In `checkpoint` this placeholder stands for the number of rows that the last change affected.
inline constexpr std::string_view kRowsPlaceholder = "weir_rows";

struct BatchSource {
  std::vector<sql::Template> changes;  // the user's statements, at least one
  std::map<std::string, std::string>
      fragments;             // SQL for `:batch`, `:range` and typed parameters; used in `changes` only
  sql::Template checkpoint;  // an UPDATE of exactly one row; if it finds none, the lease is lost
  sql::Template boundaries;  // a SELECT, run after COMMIT in the same round trip
  // weir's own statements in the same transaction, before the first change and behind the checkpoint. They return
  // nothing, and what they affect is not counted.
  std::vector<sql::Template> before = {}, after = {};
};

// Whether the query for the next boundaries goes along with the batch.
enum class LookAhead { kNo, kYes };

struct BatchResult {
  std::int64_t rows = 0;        // affected by the last change
  std::vector<Row> boundaries;  // rows of that query; empty without LookAhead::kYes
  // How long its rows were locked; nothing: about as long as run() took.
  std::optional<std::chrono::microseconds> locked = {};
};

// Compiled for one connection and bound to it; must not outlive it. Not thread-safe.
class BatchProgram {
 public:
  virtual ~BatchProgram() = default;

  // Runs the batch. Afterwards it is committed, or nothing of it is (an Error was thrown and the transaction rolled
  // back), or, for Next::kReconnect, nobody knows: claim the slice again on a new connection and read the cursor there.
  // Errors: kLeaseLost when the checkpoint found no row; kDatabase ... as the engine classifies them, with sql_offset()
  // of the template text of a change where the server names a position.
  virtual BatchResult run(const Bindings& bindings, LookAhead look_ahead) = 0;
};

}  // namespace weir::db
