// graphile-migrate: header lines `--! name: value` at the beginning; no way down; placeholders `:NAME`.
// Source: github.com/graphile/migrate, src/migration.ts
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"
#include "sql/scanner.hpp"
#include "sql/template.hpp"

namespace weir::project::formats {
namespace {

const std::vector<std::string>& known_headers() {
  static const std::vector<std::string> kNames = {"previous", "hash", "message", "allowinvalidhash", "no-transaction"};
  return kNames;
}

// Placeholders that are given; any other is left to the server, as graphile-migrate does.
std::string with_values(const SourceText& source, const Variables& variables, const sql::Dialect& dialect) {
  std::string text = source.text;
  auto found = sql::find_placeholders(text, dialect);
  std::reverse(found.begin(), found.end());
  for (const auto& placeholder : found) {
    auto value = variables.find(placeholder.name);
    if (value == variables.end()) value = variables.find(":" + placeholder.name);
    if (value != variables.end()) text.replace(placeholder.offset, placeholder.length, value->second);
  }
  return text;
}

// One header line, `--! name: value`.
void apply_header(const SourceText& source, std::string_view line, std::size_t offset, FileSection& up) {
  const std::string_view body = trim(line.substr(3));
  const std::string name = to_lower(trim(body.substr(0, body.find_first_of(": "))));
  if (std::find(known_headers().begin(), known_headers().end(), name) == known_headers().end()) {
    const auto near = nearest(name, known_headers());
    refuse(
        source, offset, fmt::format("unknown header '{}'", name),
        near ? fmt::format("did you mean '{}'?", *near) : fmt::format("known: {}", fmt::join(known_headers(), ", ")));
  }
  const auto colon = body.find(':');
  if (name == "no-transaction") {
    up.transaction = false;
  } else {
    up.options.emplace_back(name, colon == std::string_view::npos ? "" : trim(body.substr(colon + 1)));
  }
}

void refuse_includes(const SourceText& source, const sql::Dialect& dialect) {
  sql::Scanner scanner(source.text, dialect);
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.kind != sql::TokenKind::kLineComment || !token.text.starts_with("--!include")) continue;
    throw Error(Code::kNotAvailable, "`--!include` is not available")
        .at(place_at(source, token.begin))
        .hint("a committed migration holds the included text itself");
  }
}

}  // namespace

Sections read_graphile_migrate(const SourceText& source, const Variables& variables, const sql::Dialect& dialect) {
  refuse_includes(source, dialect);
  SourceText text = source;
  text.text = with_values(source, variables, dialect);
  FileSection up = whole_file(text, dialect);
  up.name = "up";
  for (std::size_t at = 0; std::string_view(source.text).substr(at).starts_with("--!");) {
    const std::size_t end = std::min(source.text.find('\n', at), source.text.size());
    apply_header(source, std::string_view(source.text).substr(at, end - at), at, up);
    at = std::min(end + 1, source.text.size());
  }
  if (!up.transaction && up.statements.size() > 1)
    refuse(text, up.statements[1].offset, "a file with `--! no-transaction` holds exactly one statement",
           "put the others into files of their own");
  return one(std::move(up));
}

}  // namespace weir::project::formats
