// What EXPLAIN QUERY PLAN says of a statement: SCAN reads the whole table or index, SEARCH a part of it.
// Source: https://www.sqlite.org/eqp.html
#pragma once

#include <optional>

#include "db/plan.hpp"

namespace weir::engines::sqlite {

class Connection;

std::optional<db::Plan> explain(Connection& connection, const db::PlanRequest& request);

}  // namespace weir::engines::sqlite
