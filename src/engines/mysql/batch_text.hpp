// A template taken apart once, so that it becomes SQL with literals again and again without being scanned.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "db/value.hpp"
#include "sql/template.hpp"

namespace weir::engines::mysql {

class BatchText {
 public:
  BatchText(const sql::Template& source, const std::map<std::string, std::string>& fragments);

  // Appends the SQL. Errors: kInternal for a name that is not bound.
  void append_to(std::string& sql, const db::Bindings& bindings) const;
  // The same with the values of the placeholders in the order in which they appear. Errors: kInternal for another
  // number.
  void append_to(std::string& sql, const db::Row& values) const;

 private:
  std::vector<std::string> texts_;  // one more than names
  std::vector<std::string> names_;
};

}  // namespace weir::engines::mysql
