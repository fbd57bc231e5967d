#include "support/promises/table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weir::test::promises {
namespace {

constexpr int kMoreKeys = 60;

std::string definition(const KeyDefinition& key) {
  std::string columns;
  for (std::size_t i = 0; i < key.columns.size(); ++i)
    columns += fmt::format("{} {} NOT NULL, ", key.columns[i], key.types[i]);
  return columns;
}

bool is_mysql(const std::string& engine) { return engine == "mariadb" || engine == "mysql"; }

// Those that are the same key by the collation are left out.
void insert_keys(db::Connection& connection, const std::string& engine, const std::string& key_list,
                 const std::vector<std::vector<std::string>>& literals) {
  constexpr std::size_t kChunk = 100;
  for (std::size_t begin = 0; begin < literals.size(); begin += kChunk) {
    std::string values;
    for (std::size_t i = begin; i < std::min(begin + kChunk, literals.size()); ++i)
      values += fmt::format("{}({}, {})", values.empty() ? "" : ", ", fmt::join(literals[i], ", "), i);
    connection.execute_text(fmt::format("INSERT {}INTO every_key ({}, slot) VALUES {}{}",
                                        is_mysql(engine) ? "IGNORE " : "", key_list, values,
                                        is_mysql(engine) ? "" : " ON CONFLICT DO NOTHING"));
  }
}

void insert_rows(db::Connection& connection, const Table& table, Selection selection) {
  constexpr std::size_t kChunk = 100;
  for (std::size_t begin = 0; begin < table.rows; begin += kChunk) {
    std::string values;
    for (std::size_t i = begin; i < std::min(begin + kChunk, table.rows); ++i) {
      const auto tag = static_cast<std::int64_t>(i);
      values += fmt::format("{}({}, {}, {}, {})", values.empty() ? "" : ", ", fmt::join(table.keys[i].literals, ", "),
                            tag, first_mark_of(tag, selection), kind_of(tag));
    }
    connection.execute_text(fmt::format("INSERT INTO t ({}, tag, m, kind) VALUES {}", table.key_list(), values));
  }
}

}  // namespace

std::string Table::key_list() const { return fmt::format("{}", fmt::join(key.columns, ", ")); }

std::int64_t kind_of(std::int64_t tag) { return tag % 3; }

std::int64_t first_mark_of(std::int64_t tag, Selection selection) {
  return selection != Selection::kAll && tag % 5 == 4 ? 1 : 0;
}

Table create_table(const Example& example, const std::string& engine, db::Connection& connection) {
  Table table;
  table.key = key_definition(example.shape, engine);
  const std::string columns = definition(table.key), list = table.key_list();
  connection.execute_text("DROP TABLE IF EXISTS t");
  connection.execute_text("DROP TABLE IF EXISTS every_key");
  connection.execute_text(
      fmt::format("CREATE TABLE every_key ({}slot bigint NOT NULL, PRIMARY KEY ({}))", columns, list));
  connection.execute_text(
      fmt::format("CREATE TABLE t ({}tag bigint NOT NULL UNIQUE, n bigint DEFAULT 0 NOT NULL, m int NOT NULL, "
                  "kind int NOT NULL, x bigint DEFAULT 0 NOT NULL, PRIMARY KEY ({}))",
                  columns, list));
  std::vector<std::vector<std::string>> literals;
  for (std::int64_t number = 0; number < example.rows + kMoreKeys; ++number)
    literals.push_back(key_literals(example.shape, engine, example.seed, number, example.rows));
  insert_keys(connection, engine, list, literals);

  if (table.key.columns.size() == 1 && table.key.types.front() == "bigint") table.order.use_integers();
  std::map<std::int64_t, Key> by_slot;
  for (auto& row : connection.execute({fmt::format("SELECT {0}, slot FROM every_key ORDER BY {0}", list), {}}).rows) {
    const auto slot = db::as_integer(row.back());
    row.pop_back();
    table.order.add(row);
    by_slot[slot] = {literals.at(static_cast<std::size_t>(slot)), table.order.of(row)};
  }
  for (auto& [slot, key] : by_slot) table.keys.push_back(std::move(key));
  table.rows = std::min(static_cast<std::size_t>(example.rows), table.keys.size() - table.keys.size() / 8);
  insert_rows(connection, table, example.selection);
  return table;
}

std::string migration_text(const Example& example) {
  std::string text = fmt::format("-- over: t\n-- batch: {}\n", example.batch);
  if (example.selection == Selection::kMarked) text += "-- where: m = 0\n";
  if (example.selection == Selection::kSome) text += "-- where: m = 0 AND kind <> 1\n";
  return text + "-- migrate:batch\nUPDATE t SET n = n + 1, m = 1 WHERE :batch\n";
}

}  // namespace weir::test::promises
