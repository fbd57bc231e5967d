// Cutting the keys of a table into slices. Every cut is a key that is there, so that the order of the database alone
// decides what lies on which side; how even the slices are is a matter of speed only, because a worker that has nothing
// to do gets a part of another's slice. Nothing here reads more than 100 000 entries of an index.
#pragma once

#include "backfill/program.hpp"
#include "ledger/slices.hpp"

namespace weir::backfill {

// How many slices a pass is cut into: several for each worker, so that fast workers take more of them than slow ones.
std::int64_t slices_for(std::int64_t workers);

// At most `wanted` slices from the beginning of the table up to `upper`.
std::vector<ledger::Bounds> cut_slices(const db::Database& database, db::Connection& connection, const Program& program,
                                       const db::Row& upper, std::int64_t wanted);

// Pages of one batch of a walk in the order of places.
std::int64_t pages_of_a_batch(const Program& program);
// The end of the batch behind `lower`, or of the first one.
db::Row end_of_batch(const db::Database& database, db::Connection& connection, const Program& program,
                     const std::optional<db::Row>& lower, const db::Row& upper);

// The greatest key of the table, where a pass ends; nothing when the table is empty.
std::optional<db::Row> find_upper(const db::Database& database, db::Connection& connection, const Program& program);

// A key between `lower` and `upper` (both exclusive) that leaves work on both sides; nothing when there is too little.
std::optional<db::Row> cut_in_two(const db::Database& database, db::Connection& connection, const Program& program,
                                  const std::optional<db::Row>& lower, const db::Row& upper);

}  // namespace weir::backfill
