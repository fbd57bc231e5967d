// Walking a table by ctid.
#pragma once

#include <optional>

#include "db/physical_order.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::postgres {

class Connection;

// Nothing before PostgreSQL 14, which cannot read a range of pages. Source: release notes of 14, "TID range scans".
std::optional<db::PhysicalOrder> physical_order(Connection& connection, const sql::TableName& table);

// As db::Connection::place_now(). Source: src/backend/utils/adt/tid.c, currtid2(), which is there for ODBC drivers.
db::Value place_now(Connection& connection, const sql::TableName& table, const db::Value& place);

}  // namespace weir::engines::postgres
