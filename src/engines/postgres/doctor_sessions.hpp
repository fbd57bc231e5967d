// What `weir doctor` finds among the sessions of this database: transactions that hold up DDL and vacuum.
#pragma once

#include <vector>

#include "db/diagnosis.hpp"

namespace weir::engines::postgres {

class Connection;

// Subjects "monitoring", "sessions", "prepared transactions". No text of a query: it may hold literals.
void add_sessions(Connection& connection, std::vector<db::Diagnosis>& out);

}  // namespace weir::engines::postgres
