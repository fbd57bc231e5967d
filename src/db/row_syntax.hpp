// How an engine writes what keeping the old values of rows needs, as data.
#pragma once

#include <string_view>

namespace weir::db {

struct RowSyntax {
  // Behind a SELECT: its rows stay as they are until COMMIT. Empty where nobody else writes during a transaction.
  std::string_view lock;
  // Behind INSERT ... SELECT: what follows are assignments to the row that has the key "{}" already ...
  std::string_view on_conflict;
  // ... in which this is the value of column "{}" that could not be inserted.
  std::string_view proposed;
  // Behind CREATE TABLE (...): rows and rollbacks as in the ledger's own tables.
  std::string_view table_options;
};

}  // namespace weir::db
