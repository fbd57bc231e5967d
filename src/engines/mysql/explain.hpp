// What EXPLAIN says of a statement: the access types `ALL` and `index` read the whole table.
// Source: MySQL manual, "EXPLAIN Output Format"; MariaDB, "EXPLAIN".
#pragma once

#include <optional>

#include "db/plan.hpp"

namespace weir::engines::mysql {

class Connection;

std::optional<db::Plan> explain(Connection& connection, const db::PlanRequest& request);

}  // namespace weir::engines::mysql
