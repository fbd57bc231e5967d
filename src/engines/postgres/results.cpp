#include "engines/postgres/results.hpp"

#include <charconv>
#include <string_view>

#include "base/text.hpp"

namespace weir::engines::postgres {
namespace {

// OIDs of pg_type that never change.
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;

using Reader = db::Value (*)(std::string_view text);

db::Value as_text(std::string_view text) { return std::string(text); }

db::Value as_integer(std::string_view text) {
  if (const auto number = parse_integer(text)) return *number;
  return std::string(text);
}

db::Value as_truth(std::string_view text) { return std::int64_t{text == "t"}; }

// Also NaN and Infinity, as the server spells them.
db::Value as_number(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return number;
  return std::string(text);
}

// \x616263, because the session has bytea_output = hex.
db::Value as_bytes(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  db::Blob blob;
  blob.bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2)
    blob.bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return blob;
}

Reader plain_reader(Oid type) { return type == kInt8 || type == kInt4 || type == kInt2 ? as_integer : as_text; }

Reader value_reader(Oid type) {
  switch (type) {
    case kBool: return as_truth;
    case kBytea: return as_bytes;
    case kFloat4:
    case kFloat8: return as_number;
    default: return plain_reader(type);
  }
}

db::Value value_at(const PGresult* result, int row, int column, Reader read) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate{};
  return read({PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))});
}

std::vector<db::Row> read_rows(const PGresult* result, Reader (*reader_of)(Oid)) {
  const int width = PQnfields(result);
  std::vector<db::Row> rows(static_cast<std::size_t>(PQntuples(result)));
  for (auto& row : rows) row.resize(static_cast<std::size_t>(width));
  for (int column = 0; column < width; ++column) {
    const Reader read = reader_of(PQftype(result, column));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      rows[row][static_cast<std::size_t>(column)] = value_at(result, static_cast<int>(row), column, read);
    }
  }
  return rows;
}

}  // namespace

std::vector<db::Row> rows_of(const PGresult* result) { return read_rows(result, plain_reader); }

std::vector<db::Row> values_of(const PGresult* result) { return read_rows(result, value_reader); }

std::int64_t tag_count(PGresult* result) { return parse_integer(PQcmdTuples(result)).value_or(0); }

db::Result to_result(PGresult* result) {
  db::Result out;
  for (int column = 0; column < PQnfields(result); ++column) out.columns.emplace_back(PQfname(result, column));
  out.rows = rows_of(result);
  // `SELECT n` with rows changed nothing; without rows it is CREATE TABLE AS.
  const bool is_query =
      PQresultStatus(result) == PGRES_TUPLES_OK && std::string_view(PQcmdStatus(result)).starts_with("SELECT");
  if (!is_query) out.affected = tag_count(result);
  return out;
}

}  // namespace weir::engines::postgres
