#include "sql/statement_shape.hpp"

namespace weir::sql {

void StatementShape::see(const Token& token) {
  if (dialect_->stored_programs) program_.see(token);
  if (token.text == "(") ++parentheses_;
  if (token.text == ")" && parentheses_ > 0) --parentheses_;
  if (token.kind == TokenKind::kWord) {
    // In both grammars the last statement of a body ends with a semicolon, so any other END is a name or closes a CASE.
    if (!in_body_) {
      see_head(token);
    } else if (token.is_word("end") && (previous_ == Previous::kSemicolon || previous_ == Previous::kAtomic)) {
      in_body_ = false;
    }
  }
  previous_ = token.text == ";"         ? Previous::kSemicolon
              : token.is_word("begin")  ? Previous::kBegin
              : token.is_word("atomic") ? Previous::kAtomic
                                        : Previous::kOther;
}

void StatementShape::see_head(const Token& token) {
  ++words_;
  if (words_ == 1) {
    create_ = token.is_word("create");
    copy_ = dialect_->copy_from_stdin && token.is_word("copy");
    if (token.is_word("explain")) words_ = 0;  // EXPLAIN [QUERY PLAN] <statement>
    return;
  }
  if (!create_ && words_ <= 2 && (token.is_word("query") || token.is_word("plan"))) words_ = 0;
  if (copy_) see_copy(token);
  if (!create_) return;
  // Source: https://www.sqlite.org/c3ref/complete.html: from CREATE [TEMP] TRIGGER to the first `; END`.
  if (words_ == 2) temporary_ = token.is_word("temp") || token.is_word("temporary");
  const bool is_object = words_ == 2 || (words_ == 3 && temporary_);
  if (dialect_->trigger_bodies && is_object && token.is_word("trigger")) in_body_ = true;
  if (dialect_->begin_atomic && token.is_word("atomic") && previous_ == Previous::kBegin) in_body_ = true;
}

void StatementShape::see_copy(const Token& token) {
  if (parentheses_ > 0) return;
  if (token.is_word("from")) copy_from_ = true;
  if (copy_from_ && token.is_word("stdin")) from_stdin_ = true;
}

}  // namespace weir::sql
