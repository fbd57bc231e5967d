// How a file is read: sections, options, statements. For `weir inspect`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/tables.hpp"
#include "report/text.hpp"
#include "sql/splitter.hpp"

namespace weir::report {

struct InspectedStatement {
  sql::Statement statement;
  int last_line = 1;
  bool transactional = true;  // it is executed in a transaction: its section and the engine allow it
  migrate::TableSet tables;   // nothing: the text does not tell
};

struct InspectedSection {
  std::string name;
  int line = 1;
  bool transaction = true;
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<InspectedStatement> statements;
};

struct Inspection {
  std::string file;
  std::string_view engine;
  std::string_view format;
  bool reversible = false;
  std::vector<InspectedSection> sections;
};

std::string to_json(const Inspection& inspection);
std::string to_text(const Inspection& inspection, Colour colour);

}  // namespace weir::report
