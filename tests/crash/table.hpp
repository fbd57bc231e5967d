// The table that a scenario migrates: keys of several types, a counter `n` that must be 1 in every row at the end, and
// a copy of the keys made before. `tag` names a row for ever, whatever becomes of its key.
#pragma once

#include <string>
#include <vector>

#include "crash/store.hpp"

namespace weir::crash {

enum class KeyType { kBigint, kText, kComposite, kUuid };
KeyType key_type_of_round(int round);

struct Table {
  KeyType key;
  std::vector<std::string> columns;  // of the key
  std::int64_t rows = 0;

  std::string column_list() const;
  // The key of number `number` as SQL literals; numbers below 0 are free for rows that are inserted later.
  std::string key_literal(std::int64_t number) const;
  // A key before every other one.
  std::string low_key_literal(std::int64_t number) const;
};

// Creates `t` and `t_before` with tags 0 .. rows-1.
Table create_table(Sql& sql, KeyType key, std::int64_t rows);
// Adds a row with n = 0 at the beginning of the table, also to t_before.
void insert_low_row(Sql& sql, Table& table, std::int64_t number);

// Set differences, not only counts. Errors: Failure, with the first rows that are wrong.
void check_rows(Sql& sql, const Table& table);

}  // namespace weir::crash
