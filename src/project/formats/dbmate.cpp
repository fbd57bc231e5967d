// weir's own shape, which is dbmate's: project/migration.hpp reads it.
#include <fmt/format.h>

#include "project/formats/readers.hpp"
#include "project/migration.hpp"
#include "sql/scanner.hpp"

namespace weir::project::formats {
namespace {

// A data migration has a section that a schema migration cannot have.
Kind kind_of(const SourceText& source, const sql::Dialect& dialect) {
  sql::Scanner scanner(source.text, dialect);
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.kind != sql::TokenKind::kLineComment) continue;
    const auto word = token.text.find_first_not_of(" \t", 2);
    if (word == std::string_view::npos) continue;
    const std::string_view text = token.text.substr(word);
    if (text.starts_with("migrate:batch") || text.starts_with("migrate:each")) return Kind::kData;
  }
  return Kind::kSchema;
}

}  // namespace

Sections read_dbmate(const SourceText& source, const sql::Dialect& dialect) {
  const bool has_version = !source.file_name.empty() && source.file_name[0] >= '0' && source.file_name[0] <= '9';
  const Migration migration = parse_migration(kind_of(source, dialect), (has_version ? "" : "0_") + source.file_name,
                                              source.display_name, source.text, dialect);
  Sections sections;
  for (const auto& section : migration.sections) {
    FileSection read{std::string(to_string(section.kind)), section.line, section.transaction, {}, section.statements};
    const auto add_timeout = [&](const char* name, const std::optional<Milliseconds>& timeout) {
      if (timeout) read.options.emplace_back(name, fmt::format("{}ms", timeout->count()));
    };
    if (section.program) read.options.emplace_back("program", std::string(to_string(*section.program)));
    add_timeout("lock_timeout", section.lock_timeout);
    add_timeout("statement_timeout", section.statement_timeout);
    sections.push_back(std::move(read));
  }
  return sections;
}

}  // namespace weir::project::formats
