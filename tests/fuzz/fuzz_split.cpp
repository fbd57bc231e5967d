// Any bytes, every dialect: no crash, and statements and the gaps between them are the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "db/url.hpp"
#include "engines/registry.hpp"
#include "sql/scanner.hpp"
#include "sql/splitter.hpp"
#include "sql/template.hpp"

namespace {

using namespace weir;

void require(bool condition) {
  if (!condition) std::abort();
}

// Comments, blanks and semicolons only.
void require_gap(std::string_view text, const sql::Dialect& dialect) {
  sql::Scanner scanner(text, dialect);
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next())
    require(token.is_trivia() || token.kind == sql::TokenKind::kSemicolon);
}

void check_tokens(std::string_view text, const sql::Dialect& dialect) {
  sql::Scanner scanner(text, dialect);
  std::size_t at = 0;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    require(token.begin == at && !token.text.empty());
    at = token.end();
  }
  require(at == text.size());
}

void check_statements(std::string_view text, const sql::Dialect& dialect) {
  std::vector<sql::Statement> statements;
  try {
    statements = sql::split_statements(text, dialect, {"f.sql"});
  } catch (const Error& error) {
    require(error.code() == Code::kInvalidFile && error.place().has_value());
    return;
  }
  std::size_t at = 0;
  for (const auto& statement : statements) {
    require(statement.offset >= at && !statement.text.empty());
    require(text.substr(statement.offset, statement.text.size()) == statement.text);
    require_gap(text.substr(at, statement.offset - at), dialect);
    at = statement.offset + statement.text.size();
  }
  require_gap(text.substr(at), dialect);
}

void check_template(std::string_view text, const sql::Dialect& dialect) {
  const sql::Template parsed(std::string(text), dialect);
  const auto rendered = parsed.render({{"batch", "(id > :lo)"}});
  for (std::size_t i = 0; i < rendered.sql.size(); i += 7) require(rendered.source_offset(i) <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto postgres = engines::open_database(db::parse_url("postgres://localhost/x"), "/");
  static const auto sqlite = engines::open_database(db::parse_url("sqlite:x.db"), "/");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto* database : {postgres.get(), sqlite.get()}) {
    check_tokens(text, database->dialect());
    check_statements(text, database->dialect());
    check_template(text, database->dialect());
  }
  return 0;
}
