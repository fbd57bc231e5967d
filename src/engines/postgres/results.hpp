// Results of libpq as weir's values: integer columns as integers, NULL as NULL, everything else as the server's text.
#pragma once

#include <cstdint>
#include <vector>

#include "db/connection.hpp"
#include "engines/postgres/libpq.hpp"

namespace weir::engines::postgres {

std::vector<db::Row> rows_of(const PGresult* result);
// As db::Connection::read_values() wants them.
std::vector<db::Row> values_of(const PGresult* result);
// The count in the command's tag; 0 when it has none.
std::int64_t tag_count(PGresult* result);
db::Result to_result(PGresult* result);

}  // namespace weir::engines::postgres
