// What information_schema says about a table.
#pragma once

#include <optional>
#include <string_view>

#include "db/catalogue.hpp"
#include "sql/identifier.hpp"

namespace weir::engines::mysql {

class Connection;

// `table`, `database.table`, with or without backticks. Without a database the schema is empty.
// Errors: kInvalidFile when it is not a table's name in form.
sql::TableName parse_table_name(std::string_view as_written);

// The server compares names as its lower_case_table_names says. Errors: as parse_table_name().
std::optional<sql::TableName> find_table(Connection& connection, std::string_view as_written);
std::optional<db::TableInfo> describe_table(Connection& connection, std::string_view as_written);

}  // namespace weir::engines::mysql
