// One statement for many sets of values, in pipeline mode: a round trip for hundreds of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/value.hpp"

namespace weir::engines::postgres {

class Connection;

// Rows affected by all of them. Errors: the first of the server's; the transaction has failed then.
std::int64_t execute_each(Connection& connection, const std::string& sql, const std::vector<db::Row>& values);

}  // namespace weir::engines::postgres
