#include "engines/postgres/results.hpp"

#include <string_view>

#include "base/text.hpp"

namespace weir::engines::postgres {
namespace {

// OIDs of pg_type that never change.
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;

bool is_integer(Oid type) { return type == kInt8 || type == kInt4 || type == kInt2; }

db::Value value_at(const PGresult* result, int row, int column, bool integer) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate{};
  const std::string_view text(PQgetvalue(result, row, column),
                              static_cast<std::size_t>(PQgetlength(result, row, column)));
  if (integer) {
    if (const auto number = parse_integer(text)) return *number;
  }
  return std::string(text);
}

}  // namespace

std::vector<db::Row> rows_of(const PGresult* result) {
  const int width = PQnfields(result);
  std::vector<db::Row> rows(static_cast<std::size_t>(PQntuples(result)));
  for (auto& row : rows) row.resize(static_cast<std::size_t>(width));
  for (int column = 0; column < width; ++column) {
    const bool integer = is_integer(PQftype(result, column));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      rows[row][static_cast<std::size_t>(column)] = value_at(result, static_cast<int>(row), column, integer);
    }
  }
  return rows;
}

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
