// What EXPLAIN says of a statement. A Seq Scan of the table, or of a large partition of it, counts as reading the
// table; so does walking one of its indexes without a condition, unless a LIMIT ends it early. Source: PostgreSQL
// manual, "EXPLAIN", FORMAT JSON.
#pragma once

#include <optional>

#include "db/plan.hpp"

namespace weir::engines::postgres {

class Connection;

std::optional<db::Plan> explain(Connection& connection, const db::PlanRequest& request);

}  // namespace weir::engines::postgres
