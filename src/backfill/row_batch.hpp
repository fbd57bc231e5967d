// One range of rows whose new values a row program computes: they are read and computed outside any transaction, then
// written in one, if they still are what was read.
#pragma once

#include <functional>

#include "backfill/answers.hpp"
#include "backfill/first_batch.hpp"
#include "backfill/program.hpp"
#include "backfill/shrinkage.hpp"

namespace weir::backfill {

// Whether the change must be seen to make `where` false before it is committed.
enum class Proof { kWanted, kNotWanted };

// Compiled for one kind of range. Not thread-safe.
class RowBatch {
 public:
  // `program`: with its row program.
  RowBatch(const ledger::Ledger& ledger, const Program& program, Lower lower);

  // What belongs to the change, in its transaction and behind it. False: nothing of it happens.
  using Finish = std::function<bool(std::int64_t rows)>;

  // Bound as batch_source() says. Rows that were inserted, changed or came to match meanwhile are computed anew; those
  // that were deleted or match no more are left out. After it either all of it is committed or nothing.
  // Locks: the rows that match, from the second look at them until COMMIT.
  // Errors: as Answers::compute() and BatchProgram::run(); kResidualDoesNotShrink; kNoUniqueKey.
  FirstBatch run(db::Connection& worker, const db::Bindings& bindings, Proof proof, const Finish& finish) const;

 private:
  struct Attempt;
  FirstBatch write(const Attempt& attempt, const std::vector<db::Row>& rows, const Answers& answers) const;

  const Program& program_;
  std::vector<sql::Rendered> before_, after_;  // of images
  sql::Rendered read_, lock_;
  Shrinkage shrinkage_;
  sql::Template write_;
};

}  // namespace weir::backfill
