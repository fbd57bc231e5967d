// BatchProgram on PostgreSQL: everything prepared once, sent in pipeline mode. Two ways give the same transaction:
// - together: BEGIN, the change and the checkpoint as one statement, COMMIT and the boundary leave in one flush and
// come
//   back in one round trip; the server counts the changed rows.
// - apart: the checkpoint follows when the change's tag has told the rows. Costs a round trip more and the server 5 %
//   less, so it is for batches that take much longer than a round trip, and for changes the server takes alone only.
#pragma once

#include <memory>

#include "db/batch.hpp"

namespace weir::engines::postgres {

class Connection;

// Errors: kInvalidFile for a change that would end the transaction or cannot be pipelined; what the server says about a
// statement it cannot prepare.
std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source);

}  // namespace weir::engines::postgres
