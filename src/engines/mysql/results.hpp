// Results as weir's values: integers that fit as integers, floating point numbers as such, bytes as bytes, NULL as
// NULL, everything else (decimals, dates, larger integers) as the server's text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "db/connection.hpp"
#include "engines/mysql/libmariadb.hpp"

namespace weir::engines::mysql {

enum class ValueKind { kInteger, kFloat, kBytes, kText };

ValueKind kind_of(const MYSQL_FIELD& field);
db::Value to_value(ValueKind kind, std::string_view text);

std::vector<db::Row> rows_of(MYSQL_RES* result);
std::vector<std::string> column_names(MYSQL_RES* result);

// How many rows a statement changed when it returned a result: INSERT ... RETURNING gives back each of them, a SELECT
// has changed none.
std::int64_t changed_rows(std::string_view sql, std::size_t rows_returned);

}  // namespace weir::engines::mysql
