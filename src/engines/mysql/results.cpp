#include "engines/mysql/results.hpp"

#include <charconv>

#include "base/text.hpp"
#include "engines/mysql/statements.hpp"

namespace weir::engines::mysql {
namespace {

// The library's number of the character set "binary": no characters, but bytes.
constexpr unsigned kBinary = 63;

}  // namespace

ValueKind kind_of(const MYSQL_FIELD& field) {
  switch (static_cast<int>(field.type)) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR: return ValueKind::kInteger;
    case MYSQL_TYPE_FLOAT:
    case MYSQL_TYPE_DOUBLE: return ValueKind::kFloat;
    case MYSQL_TYPE_BIT:
    case MYSQL_TYPE_GEOMETRY: return ValueKind::kBytes;
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB: return field.charsetnr == kBinary ? ValueKind::kBytes : ValueKind::kText;
    default: return ValueKind::kText;
  }
}

db::Value to_value(ValueKind kind, std::string_view text) {
  switch (kind) {
    case ValueKind::kInteger:
      if (const auto number = parse_integer(text)) return *number;
      return std::string(text);  // unsigned and beyond
    case ValueKind::kFloat: {
      double number = 0;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
      if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return number;
      return std::string(text);
    }
    case ValueKind::kBytes: return db::Blob{std::string(text)};
    case ValueKind::kText: return std::string(text);
  }
  return std::string(text);
}

std::vector<db::Row> rows_of(MYSQL_RES* result) {
  const unsigned width = mysql_num_fields(result);
  const MYSQL_FIELD* fields = mysql_fetch_fields(result);
  std::vector<ValueKind> kinds;
  for (unsigned i = 0; i < width; ++i) kinds.push_back(kind_of(fields[i]));
  std::vector<db::Row> rows;
  rows.reserve(mysql_num_rows(result));
  while (const MYSQL_ROW from = mysql_fetch_row(result)) {
    const unsigned long* lengths = mysql_fetch_lengths(result);
    db::Row& row = rows.emplace_back(width);
    for (unsigned i = 0; i < width; ++i) {
      if (from[i] != nullptr) row[i] = to_value(kinds[i], {from[i], lengths[i]});
    }
  }
  return rows;
}

std::vector<std::string> column_names(MYSQL_RES* result) {
  const unsigned width = mysql_num_fields(result);
  const MYSQL_FIELD* fields = mysql_fetch_fields(result);
  std::vector<std::string> names;
  for (unsigned i = 0; i < width; ++i) names.emplace_back(fields[i].name, fields[i].name_length);
  return names;
}

std::int64_t changed_rows(std::string_view sql, std::size_t rows_returned) {
  return changes_rows(sql) ? static_cast<std::int64_t>(rows_returned) : 0;
}

}  // namespace weir::engines::mysql
