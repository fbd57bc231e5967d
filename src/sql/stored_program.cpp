#include "sql/stored_program.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/text.hpp"

namespace weir::sql {
namespace {

bool any_of(const Token& token, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return token.is_word(word); });
}

// Verbs of statements that hold no others.
bool is_verb(const Token& token) {
  return any_of(token, {"alter",   "analyze",  "call",     "close",    "commit", "create",   "deallocate", "delete",
                        "do",      "drop",     "execute",  "fetch",    "flush",  "get",      "grant",      "insert",
                        "iterate", "leave",    "load",     "lock",     "open",   "optimize", "prepare",    "rename",
                        "replace", "resignal", "return",   "rollback", "select", "set",      "show",       "signal",
                        "start",   "table",    "truncate", "update",   "values", "with"});
}

}  // namespace

void StoredProgram::see(const Token& token) {
  switch (phase_) {
    case Phase::kStart: see_start(token); break;
    case Phase::kAnonymous:
      phase_ = token.is_word("not") ? Phase::kBody : Phase::kPlain;
      if (phase_ == Phase::kBody) blocks_.push_back(Block::kBegin);
      break;
    case Phase::kObject: see_object(token); break;
    case Phase::kParameters: see_parameters(token); break;
    case Phase::kTrigger:
      if (token.is_word("row") && previous_ == "each") phase_ = Phase::kBodyAhead;
      break;
    case Phase::kEvent:
      if (token.is_word("do")) phase_ = Phase::kBodyAhead;
      break;
    case Phase::kBodyAhead: see_body_ahead(token); break;
    case Phase::kBody: see_body(token); break;
    case Phase::kPlain: return;
  }
  previous_ = token.kind == TokenKind::kWord ? to_lower(token.text) : std::string(token.text.substr(0, 2));
}

void StoredProgram::see_start(const Token& token) {
  phase_ = Phase::kPlain;
  if (any_of(token, {"create", "alter"})) phase_ = Phase::kObject;
  if (!compound_) return;
  if (token.is_word("begin")) {
    phase_ = Phase::kAnonymous;
  } else if (opens_block(token)) {
    phase_ = Phase::kBody;
  }
}

// CREATE [OR REPLACE] [DEFINER = user] [AGGREGATE] PROCEDURE | FUNCTION | TRIGGER | EVENT
void StoredProgram::see_object(const Token& token) {
  if (token.kind != TokenKind::kWord || previous_ == "=" || previous_ == "@") return;
  if (any_of(token, {"procedure", "function"})) {
    phase_ = Phase::kParameters;
  } else if (token.is_word("trigger")) {
    phase_ = Phase::kTrigger;
  } else if (token.is_word("event")) {
    phase_ = Phase::kEvent;
  } else if (!any_of(token, {"or", "replace", "definer", "aggregate", "current_user", "current_role"})) {
    phase_ = Phase::kPlain;
  }
}

void StoredProgram::see_parameters(const Token& token) {
  if (token.text == "(") ++parentheses_;
  if (token.text == ")" && --parentheses_ == 0) phase_ = Phase::kBodyAhead;
}

// Characteristics, the type behind RETURNS and a label may stand before the body.
void StoredProgram::see_body_ahead(const Token& token) {
  if (token.kind != TokenKind::kWord || previous_ == "follows" || previous_ == "precedes") return;
  if (token.is_word("set") && (previous_ == "returns" || previous_ == "character")) return;
  if (opens_block(token)) {
    phase_ = Phase::kBody;
  } else if (is_verb(token)) {
    phase_ = Phase::kPlain;
  }
}

// Whether `token`, which stands where a statement begins, opens a block.
bool StoredProgram::opens_block(const Token& token) {
  const auto open = [&](Block block, bool starts) {
    blocks_.push_back(block);
    starts_ = starts;
    return true;
  };
  if (token.is_word("begin")) return open(Block::kBegin, true);
  if (token.is_word("if")) return open(Block::kIf, false);
  if (token.is_word("case")) return open(Block::kCase, false);
  if (token.is_word("loop")) return open(Block::kLoop, true);
  if (token.is_word("repeat")) return open(Block::kRepeat, true);
  if (token.is_word("while")) return open(Block::kWhile, false);
  if (token.is_word("for") && compound_) return open(Block::kFor, false);
  return false;
}

void StoredProgram::see_body(const Token& token) {
  if (blocks_.empty()) return;  // behind the last END: a label at most
  const bool starts = std::exchange(starts_, false);
  if (token.text == ";") {
    starts_ = true;
    after_end_ = declares_ = handles_ = handler_body_ = label_ = false;
  } else if (token.kind != TokenKind::kWord) {
    starts_ = token.text == ":" && label_;
    label_ = starts && token.kind == TokenKind::kQuotedIdentifier;
  } else if (previous_ != "." && !std::exchange(after_end_, false)) {
    label_ = false;
    see_body_word(token, starts);
  }
}

void StoredProgram::see_body_word(const Token& token, bool starts) {
  const Block top = blocks_.back();
  if (token.is_word("end")) return see_end(starts);
  if ((starts || handler_body_) && opens_block(token)) {
    handler_body_ = false;
    return;
  }
  if (token.is_word("case")) {
    blocks_.push_back(Block::kCaseExpression);
  } else if (any_of(token, {"then", "else"})) {
    starts_ = top == Block::kIf || top == Block::kCase;
  } else if (token.is_word("do")) {
    starts_ = top == Block::kWhile || top == Block::kFor;
  } else if (token.is_word("atomic")) {
    starts_ = previous_ == "not";
  } else if (token.is_word("until") && starts && top == Block::kRepeat) {
    blocks_.back() = Block::kRepeatUntil;
  } else if (starts) {
    declares_ = token.is_word("declare");
    label_ = true;
  } else {
    see_declaration(token);
  }
}

// A plain END closes a CASE expression anywhere; a block only where a statement could begin, or behind UNTIL.
void StoredProgram::see_end(bool starts) {
  const Block top = blocks_.back();
  if (top != Block::kCaseExpression && top != Block::kRepeatUntil && !starts) return;
  blocks_.pop_back();
  after_end_ = top != Block::kCaseExpression;
}

// DECLARE CONTINUE HANDLER FOR SQLEXCEPTION, 1062 <statement>
void StoredProgram::see_declaration(const Token& token) {
  if (!declares_) return;
  if (token.is_word("handler")) {
    handles_ = true;
  } else if (handles_ && token.is_word("for")) {
    handler_body_ = true;
  } else if (is_verb(token)) {
    handler_body_ = false;
  }
}

}  // namespace weir::sql
