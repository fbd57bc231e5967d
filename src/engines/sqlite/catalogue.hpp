// Tables, columns and unique keys from SQLite's pragmas.
#pragma once

#include <optional>
#include <string_view>

#include "db/catalogue.hpp"

namespace weir::engines::sqlite {

class Connection;

std::optional<sql::TableName> find_table(Connection& connection, std::string_view as_written);
std::optional<db::TableInfo> describe_table(Connection& connection, std::string_view as_written);

}  // namespace weir::engines::sqlite
