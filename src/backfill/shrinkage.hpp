// Whether a batch makes `where` false for rows that matched it, seen in the batch's own transaction.
#pragma once

#include <set>

#include "backfill/program.hpp"
#include "base/error.hpp"

namespace weir::backfill {

// Rows of one batch that match `where` at one moment: the keys of the first thousand, in the order of the key. Others
// may write into the range at any time, so numbers alone would accuse a change of what the application did. In the
// order of the heap, where changed rows change their places, there is nothing but the number.
struct Matching {
  std::int64_t rows = 0;
  std::set<std::string> keys;  // db::encode_key()
};

// Compiled for one kind of range.
class Shrinkage {
 public:
  Shrinkage(const Program& program, const sql::Dialect& dialect, Lower lower);

  // Bound as batch_source() says.
  Matching look(db::Connection& connection, const db::Bindings& bindings) const;
  // `before`: look() before the change. Errors: kResidualDoesNotShrink when all of these rows match still.
  void check(const Matching& before, db::Connection& connection, const db::Bindings& bindings) const;

 private:
  const Program& program_;
  sql::Rendered matching_;
};

}  // namespace weir::backfill
