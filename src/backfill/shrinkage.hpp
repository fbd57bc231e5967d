// Whether a batch makes `where` false for rows that matched it, seen in the batch's own transaction.
#pragma once

#include <set>

#include "backfill/program.hpp"
#include "base/error.hpp"

namespace weir::backfill {

// Rows of one batch that match `where` at one moment. Others may write into the range at any time, so their number
// alone would accuse a change of what the application did. There is nothing but the number in the order of the heap,
// where changed rows change their places, and of more than ten thousand rows.
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
  // `before`: look() before the change. Errors: kResidualDoesNotShrink unless shrinks().
  void check(const Matching& before, db::Connection& connection, const db::Bindings& bindings) const;

 private:
  const Program& program_;
  sql::Rendered number_;
  std::optional<sql::Rendered> keys_;
};

// False: all of the rows that matched before match still.
bool shrinks(const Matching& before, const Matching& after);

}  // namespace weir::backfill
