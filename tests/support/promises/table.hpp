// The table `t` of an example, and beside it all keys that its rows may ever have.
#pragma once

#include "db/database.hpp"
#include "support/promises/coverage.hpp"
#include "support/promises/example.hpp"

namespace weir::test::promises {

struct Key {
  std::vector<std::string> literals;  // for SQL, one for each column
  Place place = 0;
};

struct Table {
  KeyDefinition key;
  KeyOrder order;
  std::vector<Key> keys;  // the first ones are those of the rows at the beginning
  std::size_t rows = 0;   // at the beginning; tag i has keys[i]
  std::string key_list() const;
};

// t: the key; tag, which names a row for ever; n, which counts what weir did; m, the mark for `where`; kind, a third of
// the rows each; x, for the application.
Table create_table(const Example& example, const std::string& engine, db::Connection& connection);

std::int64_t kind_of(std::int64_t tag);
// Of rows that are there at the beginning.
std::int64_t first_mark_of(std::int64_t tag, Selection selection);

// The migration over it.
std::string migration_text(const Example& example);

}  // namespace weir::test::promises
