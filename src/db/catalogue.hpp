// What the database's catalogue says about a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sql/identifier.hpp"

namespace weir::db {

struct Column {
  std::string name;
  std::string type;  // as the catalogue spells it
  bool nullable = true;
  bool integer = false;  // holds integers (or NULL) and nothing else
  // How a bound value is compared with this column, "{}" standing for the value, where the engine would otherwise not
  // compare in the order of its index: "CAST({} AS decimal(20,4))". Empty: as it is.
  std::string comparand = {};
  // The type of a column that holds the same values and compares them alike: with its collation; may be empty.
  std::string declaration = {};
  bool generated = false;  // the engine computes it: it cannot be set
};

// A unique key that rows can be paged by: valid, not partial, over plain columns, immediate, and compared by the same
// collation as the columns themselves (else `>` on the column and the index would disagree about what is equal).
struct UniqueKey {
  std::string name;
  std::vector<std::string> columns;
  bool primary = false;
};

enum class TableKind { kTable, kView, kOther };

struct TableInfo {
  sql::TableName name;
  TableKind kind = TableKind::kTable;
  std::vector<Column> columns;
  std::vector<UniqueKey> unique_keys;  // the primary key first
  bool transactional = true;           // what is written can be rolled back (not so in MyISAM, MEMORY)
  std::int64_t row_estimate = -1;      // -1: not known

  const Column* column(std::string_view name) const;
};

}  // namespace weir::db
