// Keys that cut a table into about equal parts, from a sample of its pages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/value.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::postgres {

class Connection;

// As db::Connection::sample_keys(). Source: PostgreSQL manual, "SELECT", TABLESAMPLE SYSTEM: whole pages, chosen at
// random, so that rows which lie together do not weigh more than others of a table in key order.
std::vector<db::Row> sample_keys(Connection& connection, const sql::TableName& table,
                                 const std::vector<std::string>& key, std::int64_t count);

}  // namespace weir::engines::postgres
