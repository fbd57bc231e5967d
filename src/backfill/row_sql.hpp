// The SQL of a batch whose new values a row program computes. Pure functions of a program whose `key`, `read` and
// `write` are set.
#pragma once

#include <string>
#include <vector>

#include "backfill/program.hpp"

namespace weir::backfill {

class RowSql {
 public:
  RowSql(const db::Database& database, const Program& program);

  // SELECT of the rows that `condition` matches, in the order of the key. Shape of a row: the key, the columns of
  // `read`, and for some of them a form that is exact.
  std::string read(const std::string& condition) const;
  // The same; the rows stay as they are until COMMIT.
  std::string lock(const std::string& condition) const;
  // UPDATE of the row with a certain key. Placeholders: the columns of `write`, then those of the key.
  std::string write() const;

 private:
  const db::Database& database_;
  const Program& program_;
};

}  // namespace weir::backfill
