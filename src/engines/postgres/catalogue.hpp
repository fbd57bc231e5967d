// What PostgreSQL's catalogue says about a table.
#pragma once

#include <optional>
#include <string_view>

#include "db/catalogue.hpp"

namespace weir::engines::postgres {

class Connection;

// The server itself resolves the name: quoting, folding and search_path are its own.
// Locks: ACCESS SHARE on the table for the moment its size is read.
// Errors: kInvalidFile when `as_written` is not a table's name in form.
std::optional<sql::TableName> find_table(Connection& connection, std::string_view as_written);
std::optional<db::TableInfo> describe_table(Connection& connection, std::string_view as_written);

}  // namespace weir::engines::postgres
