// One statement of a batch, prepared once and ready to be sent again and again without building anything. Bound to its
// connection's prepared statements. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "engines/postgres/batch_sql.hpp"
#include "engines/postgres/parameters.hpp"

namespace weir::engines::postgres {

class Connection;

class Step {
 public:
  // `label` stands before the text of an error; may be empty.
  Step(BatchStatement statement, std::string label);

  // Again after Connection::forget_statements().
  void prepare(Connection& connection);
  // `rows` is what db::kRowsPlaceholder stands for, if this step has it. Texts in `bindings` stay until it was sent.
  void bind(const db::Bindings& bindings, std::int64_t rows);

  // What the server makes of it; after prepare().
  struct Description {
    std::vector<std::string> types;  // of the parameters, as the server writes them
    bool returns_rows = false;
  };
  Description describe(Connection& connection) const;

  const std::vector<std::string>& names() const { return statement_.rendered.names; }
  const std::string& name() const { return name_; }
  const Parameters& parameters() const { return parameters_; }
  const std::string& sql() const { return statement_.rendered.sql; }

  // The offset of an error in the SQL that was sent becomes one in the change's text, or none.
  Error in_the_users_words(const Error& error) const;

 private:
  const db::Value& binding(std::size_t index, const db::Bindings& bindings);

  BatchStatement statement_;
  std::string label_;
  std::string name_;                    // of the prepared statement
  std::vector<std::size_t> positions_;  // where each parameter stood in the bindings last time
  Parameters parameters_;
};

}  // namespace weir::engines::postgres
