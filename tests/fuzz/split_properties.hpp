// What must hold for any bytes: no crash, tokens are the text, and statements with the gaps between them are the text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/languages.hpp"
#include "migrate/tables.hpp"
#include "sql/scanner.hpp"
#include "sql/splitter.hpp"
#include "sql/template.hpp"
#include "sql/transaction_control.hpp"

namespace weir::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

// Comments, blanks and terminators only. Commands of the client may stand in gaps too; such texts are left out.
inline void require_gap(std::string_view text, const sql::Dialect& dialect) {
  sql::Scanner scanner(text, dialect);
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    require(token.kind != sql::TokenKind::kCommentFrame);
    require(token.is_trivia() || token.kind == sql::TokenKind::kSemicolon);
  }
}

inline void check_tokens(std::string_view text, const sql::Dialect& dialect) {
  sql::Scanner scanner(text, dialect);
  std::size_t at = 0;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    require(token.begin == at && !token.text.empty());
    at = token.end();
  }
  require(at == text.size());
}

inline bool has_client_commands(std::string_view text, const sql::Dialect& dialect) {
  if (!dialect.delimiter_command) return false;
  return to_lower(text).find("delimiter") != std::string::npos || text.find('\\') != std::string_view::npos ||
         text.find("--") != std::string_view::npos;
}

inline void check_statements(std::string_view text, const engines::Language& engine) {
  const sql::Dialect& dialect = engine.dialect;
  std::vector<sql::Statement> statements;
  try {
    statements = sql::split_statements(text, dialect, {"f.sql"});
  } catch (const Error& error) {
    require(error.code() == Code::kInvalidFile && error.place().has_value());
    return;
  }
  const bool bare_gaps = !has_client_commands(text, dialect);
  std::size_t at = 0;
  for (const auto& statement : statements) {
    require(statement.offset >= at && !statement.text.empty());
    require(text.substr(statement.offset, statement.text.size()) == statement.text);
    if (bare_gaps) require_gap(text.substr(at, statement.offset - at), dialect);
    at = statement.offset + statement.text.size();
    engine.runs_in_transaction(statement.text);
    sql::controls_transaction(statement.text, dialect);
    migrate::tables_of(statement.text, dialect);
  }
  if (bare_gaps) require_gap(text.substr(at), dialect);
}

inline void check_template(std::string_view text, const sql::Dialect& dialect) {
  const sql::Template parsed(std::string(text), dialect);
  const auto rendered = parsed.render({{"batch", "(id > :lo)"}});
  for (std::size_t i = 0; i < rendered.sql.size(); i += 7) require(rendered.source_offset(i) <= text.size());
}

inline int check_split(const std::uint8_t* data, std::size_t size, std::string_view engine_name) {
  const engines::Language& engine = engines::language_of(engine_name);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_tokens(text, engine.dialect);
  check_statements(text, engine);
  check_template(text, engine.dialect);
  return 0;
}

}  // namespace weir::fuzz
