// BatchProgram on PostgreSQL: everything prepared once, sent in pipeline mode. Two ways give the same transaction:
// - together: the change and the checkpoint are a temporary function, because only inside the server does the number of
//   changed rows cost nothing; BEGIN, its call, COMMIT and the boundaries leave in one flush and come back in one round
//   trip.
// - apart, where the server does not take that: the checkpoint follows when the change's tag has told the rows, one
//   round trip later.
#pragma once

#include <memory>

#include "db/batch.hpp"

namespace weir::engines::postgres {

class Connection;

// Errors: kInvalidFile for a change that would end the transaction or cannot be pipelined; what the server says about a
// statement it cannot prepare.
std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source);

}  // namespace weir::engines::postgres
