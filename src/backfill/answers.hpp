// What a row program has answered, for rows as they were when it was asked. A row that has changed since has no answer:
// rows are compared bit by bit, whatever the database calls equal. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "backfill/program.hpp"

namespace weir::backfill {

// Rows here have the shape of RowSql::read().
class Answers {
 public:
  // `program`: with its row program.
  explicit Answers(const Program& program) : program_(program) {}

  // Asks the program. Errors: kDataError for whatever it throws; kRowProgram when its answers do not fit the rows;
  // kUsage when this process has no program.
  void compute(const std::vector<db::Row>& rows);
  std::vector<db::Row> unanswered(const std::vector<db::Row>& rows) const;
  // The values for the UPDATE of each row that is to be changed: those of `write`, then its key. All have answers.
  std::vector<db::Row> changes(const std::vector<db::Row>& rows) const;

 private:
  void take(const std::vector<db::Row>& rows, std::vector<std::optional<db::Row>> answers);

  const Program& program_;
  std::unordered_map<std::string, std::optional<db::Row>> known_;  // by the whole row
};

// Two rows with one key cannot be told apart when they are written. Errors: kNoUniqueKey.
void refuse_equal_keys(const Program& program, const std::vector<db::Row>& rows);

}  // namespace weir::backfill
