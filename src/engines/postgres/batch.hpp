// A backfill's batch in libpq's pipeline mode: BEGIN, the changes, the checkpoint, COMMIT and the look-ahead leave in
// one flush and come back in one round trip.
#pragma once

#include <memory>

#include "db/batch.hpp"

namespace weir::engines::postgres {

class Connection;

// Errors: kInvalidFile for a change that would end the transaction or cannot be pipelined; what the server says about a
// statement it cannot prepare.
std::unique_ptr<db::BatchProgram> compile_batch(Connection& connection, const db::BatchSource& source);

}  // namespace weir::engines::postgres
