#include "crash/table.hpp"

#include <fmt/format.h>

#include "support/mix.hpp"

namespace weir::crash {
namespace {

using test::mix;

std::string uuid_of(std::uint64_t high, std::uint64_t low) {
  return fmt::format("'{:08x}-{:04x}-{:04x}-{:04x}-{:012x}'", high >> 32, (high >> 16) & 0xFFFF, high & 0xFFFF,
                     low >> 48, low & 0xFFFFFFFFFFFFULL);
}

std::string key_columns_sql(KeyType key, const Sql& sql) {
  // A key has no room for a text without limit there, and blanks at the end count only where the collation says so.
  const std::string text = sql.is_mariadb() ? "varchar(100) COLLATE utf8mb4_nopad_bin" : "text";
  switch (key) {
    case KeyType::kBigint: return sql.is_server() ? "id bigint NOT NULL" : "id integer NOT NULL";
    case KeyType::kText: return fmt::format("id {} NOT NULL", text);
    case KeyType::kComposite: return fmt::format("area {} NOT NULL, id bigint NOT NULL", text);
    case KeyType::kUuid:
      return fmt::format("id {} NOT NULL", sql.is_mariadb() ? "char(36)" : sql.is_server() ? "uuid" : "text");
  }
  return "";
}

void must_be_empty(Sql& sql, const std::string& what, const std::string& query) {
  const auto found = sql.rows(query + " LIMIT 10");
  if (found.empty()) return;
  std::string text = what + ":";
  for (const auto& row : found) {
    text += "\n   ";
    for (const auto& value : row) text += " " + value;
  }
  throw Failure(text);
}

}  // namespace

KeyType key_type_of_round(int round) {
  constexpr KeyType kAll[] = {KeyType::kBigint, KeyType::kText, KeyType::kComposite, KeyType::kUuid};
  return kAll[round % 4];
}

std::string Table::column_list() const { return fmt::format("{}", fmt::join(columns, ", ")); }

std::string Table::key_literal(std::int64_t number) const {
  const std::uint64_t hash = mix(static_cast<std::uint64_t>(number));
  constexpr const char* kTails[] = {"", " ", "ä", "Z", "''", "%"};
  switch (key) {
    case KeyType::kBigint: return std::to_string(number * 7 + static_cast<std::int64_t>(hash % 5) - 50'000);
    case KeyType::kText: return fmt::format("'{:06x}{}{}'", hash & 0xFFFFFF, kTails[(hash >> 32) % 6], number);
    case KeyType::kComposite: return fmt::format("'area {}', {}", hash % 97, number - 1000);
    case KeyType::kUuid: return uuid_of(hash | (1ULL << 62), mix(hash));
  }
  return "";
}

std::string Table::low_key_literal(std::int64_t number) const {
  switch (key) {
    case KeyType::kBigint: return std::to_string(-9'000'000'000 + number);
    case KeyType::kText: return fmt::format("' {}'", number);
    case KeyType::kComposite: return fmt::format("' ', {}", number);
    case KeyType::kUuid: return uuid_of(0, static_cast<std::uint64_t>(number) + 1);
  }
  return "";
}

Table create_table(Sql& sql, KeyType key, std::int64_t rows) {
  Table table{key, key == KeyType::kComposite ? std::vector<std::string>{"area", "id"} : std::vector<std::string>{"id"},
              rows};
  sql.execute(
      fmt::format("CREATE TABLE t ({}, tag bigint NOT NULL, n bigint NOT NULL DEFAULT 0, pad text NOT NULL "
                  "DEFAULT 'some text that makes a row a little longer', PRIMARY KEY ({}))",
                  key_columns_sql(key, sql), table.column_list()));
  constexpr std::int64_t kChunk = 1000;
  sql.execute("BEGIN");
  for (std::int64_t begin = 0; begin < rows; begin += kChunk) {
    std::string values;
    for (std::int64_t i = begin; i < std::min(begin + kChunk, rows); ++i)
      values += fmt::format("{}({}, {})", values.empty() ? "" : ",", table.key_literal(i), i);
    sql.execute(fmt::format("INSERT INTO t ({}, tag) VALUES {}", table.column_list(), values));
  }
  sql.execute("COMMIT");
  sql.execute(fmt::format("CREATE TABLE t_before AS SELECT {}, tag FROM t", table.column_list()));
  if (sql.is_server()) sql.execute(sql.is_mariadb() ? "ANALYZE TABLE t" : "ANALYZE t");
  return table;
}

void insert_low_row(Sql& sql, Table& table, std::int64_t number) {
  for (const auto* name : {"t", "t_before"}) {
    sql.execute(fmt::format("INSERT INTO {} ({}, tag) VALUES ({}, {})", name, table.column_list(),
                            table.low_key_literal(number), -1 - number));
  }
  ++table.rows;
}

void check_rows(Sql& sql, const Table& table) {
  const std::string keys = table.column_list() + ", tag";
  must_be_empty(sql, "rows lost", fmt::format("SELECT {0} FROM t_before EXCEPT SELECT {0} FROM t", keys));
  must_be_empty(sql, "rows that were never there",
                fmt::format("SELECT {0} FROM t EXCEPT SELECT {0} FROM t_before", keys));
  must_be_empty(sql, "rows with n <> 1", fmt::format("SELECT {}, n FROM t WHERE n <> 1", keys));
  const auto count = sql.integer("SELECT count(*) FROM t");
  if (count != table.rows) throw Failure(fmt::format("{} rows instead of {}", count, table.rows));
}

}  // namespace weir::crash
