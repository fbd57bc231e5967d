// Follows one statement token by token to know whether a semicolon ends it, and whether data lines follow it. Bodies
// that hold semicolons of their own: BEGIN ATOMIC ... END of PostgreSQL routines, SQLite's triggers, stored programs of
// MySQL, and parentheses (CREATE RULE ... DO (a; b)).
#pragma once

#include "sql/dialect.hpp"
#include "sql/scanner.hpp"
#include "sql/stored_program.hpp"

namespace weir::sql {

class StatementShape {
 public:
  explicit StatementShape(const Dialect& dialect) : dialect_(&dialect), program_(dialect) {}

  // Takes the tokens of the statement in order, without blanks and comments; also the semicolons that do not end it.
  void see(const Token& token);

  bool semicolon_ends() const { return !in_body() && (parentheses_ == 0 || !dialect_->semicolons_in_parentheses); }
  bool in_body() const { return in_body_ || program_.in_body(); }
  bool is_copy_from_stdin() const { return copy_ && from_stdin_; }

 private:
  void see_head(const Token& token);
  void see_copy(const Token& token);

  enum class Previous { kOther, kSemicolon, kBegin, kAtomic };

  const Dialect* dialect_;
  StoredProgram program_;
  int words_ = 0;
  int parentheses_ = 0;
  bool create_ = false, temporary_ = false, in_body_ = false;
  bool copy_ = false, copy_from_ = false, from_stdin_ = false;
  Previous previous_ = Previous::kOther;
};

}  // namespace weir::sql
