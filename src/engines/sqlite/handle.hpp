// RAII over sqlite3 and sqlite3_stmt; binding, stepping and reading rows.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "db/connection.hpp"

namespace weir::engines::sqlite {

struct CloseDatabase {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, CloseDatabase>;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

// A prepared statement; reset after every run so that it holds no lock.
class Prepared {
 public:
  // Errors: as sqlite/errors.hpp classifies them, with the offset SQLite reports; kInternal when text follows the
  // statement.
  Prepared(sqlite3* database, const std::string& sql);

  db::Result run(const db::Row& params);

 private:
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace weir::engines::sqlite
