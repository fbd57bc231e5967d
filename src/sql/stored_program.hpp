// Follows one statement of MySQL or MariaDB to know where the body of a stored program begins and ends, so that a file
// without DELIMITER can be read too. A word counts as a keyword only where a statement of the body may begin, because
// BEGIN, END and the others may also be names of columns.
#pragma once

#include <string>
#include <vector>

#include "sql/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::sql {

class StoredProgram {
 public:
  explicit StoredProgram(const Dialect& dialect) : compound_(dialect.compound_statements) {}

  // Takes the tokens of the statement in order, without blanks and comments; also the semicolons in its body.
  void see(const Token& token);
  bool in_body() const { return !blocks_.empty(); }

 private:
  enum class Phase {
    kStart,
    kAnonymous,   // behind a BEGIN that may go on with NOT ATOMIC
    kObject,      // behind CREATE: of what?
    kParameters,  // of a procedure or function
    kTrigger,     // up to FOR EACH ROW
    kEvent,       // up to DO
    kBodyAhead,   // the next verb begins the body
    kBody,
    kPlain,  // no body, or one that is a single statement
  };
  enum class Block { kBegin, kIf, kCase, kCaseExpression, kLoop, kRepeat, kRepeatUntil, kWhile, kFor };

  void see_start(const Token& token);
  void see_object(const Token& token);
  void see_parameters(const Token& token);
  void see_body_ahead(const Token& token);
  void see_body(const Token& token);
  void see_body_word(const Token& token, bool starts);
  void see_end(bool starts);
  void see_declaration(const Token& token);
  bool opens_block(const Token& token);

  bool compound_;
  Phase phase_ = Phase::kStart;
  std::vector<Block> blocks_;
  std::string previous_;  // the token before, in lower case
  int parentheses_ = 0;
  bool starts_ = false;        // a statement of the body begins with the next token
  bool label_ = false;         // the word before began a statement and may be a label
  bool after_end_ = false;     // the next word belongs to END: `END IF`, `END label`
  bool declares_ = false;      // in a DECLARE
  bool handles_ = false;       // in a DECLARE ... HANDLER
  bool handler_body_ = false;  // behind DECLARE ... HANDLER FOR
};

}  // namespace weir::sql
