// A prepared statement of one connection: binding, executing, reading rows. Bound to its connection. Not thread-safe.
#pragma once

#include <string>

#include "db/connection.hpp"
#include "engines/mysql/errors.hpp"
#include "engines/mysql/handles.hpp"

namespace weir::engines::mysql {

class Prepared {
 public:
  Prepared(MYSQL* connection, std::string sql) : connection_(connection), sql_(std::move(sql)) {}

  // Both answer with the failure instead of throwing it: the connection decides whether it lives on.
  std::optional<Failure> prepare();
  std::optional<Failure> run(const db::Row& params, db::Result& result);

  const std::string& sql() const { return sql_; }

 private:
  std::optional<Failure> fetch(db::Result& result);

  MYSQL* connection_;
  std::string sql_;
  StatementHandle statement_;
};

}  // namespace weir::engines::mysql
