#include "project/formats/format.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"
#include "sql/scanner.hpp"

namespace weir::project::formats {
namespace {

constexpr std::array kFormats = {Format::kRaw,    Format::kDbmate,   Format::kGoose,           Format::kGolangMigrate,
                                 Format::kSqlx,   Format::kTern,     Format::kGraphileMigrate, Format::kAtlas,
                                 Format::kFlyway, Format::kLiquibase};

// V1_2__name.sql, U1__name.sql, R__name.sql
bool is_flyway_name(std::string_view name) {
  const auto separator = name.find("__");
  if (separator == std::string_view::npos || !name.ends_with(".sql")) return false;
  const std::string_view version = name.substr(1, separator - 1);
  if (name[0] == 'R') return version.empty();
  return (name[0] == 'V' || name[0] == 'U' || name[0] == 'B') && !version.empty() &&
         version.find_first_not_of("0123456789._") == std::string_view::npos;
}

// What one line comment says about the format.
std::optional<Format> format_of_comment(std::string_view comment, bool behind_statement) {
  const std::string words = words_of(comment);
  if (words.starts_with("+goose")) return Format::kGoose;
  if (words.starts_with("create above / drop below") || words.starts_with("tern: disable-tx")) return Format::kTern;
  if (behind_statement) return comment.starts_with("-- migrate:") ? std::optional(Format::kDbmate) : std::nullopt;
  // `--migrate:up` is a marker too, but behind a statement it is as likely a comment.
  if (words.starts_with("migrate:")) return Format::kDbmate;
  if (words.starts_with("liquibase formatted sql")) return Format::kLiquibase;
  if (words.starts_with("changeset ") && comment.starts_with("--changeset")) return Format::kLiquibase;
  if (words.starts_with("atlas:")) return Format::kAtlas;
  if (comment.starts_with("--! ") && (words.starts_with("! previous:") || words.starts_with("! hash:") ||
                                      words.starts_with("! no-transaction") || words.starts_with("! message:")))
    return Format::kGraphileMigrate;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Format format) {
  switch (format) {
    case Format::kRaw: return "raw";
    case Format::kDbmate: return "dbmate";
    case Format::kGoose: return "goose";
    case Format::kGolangMigrate: return "golang-migrate";
    case Format::kSqlx: return "sqlx";
    case Format::kTern: return "tern";
    case Format::kGraphileMigrate: return "graphile-migrate";
    case Format::kAtlas: return "atlas";
    case Format::kFlyway: return "flyway";
    case Format::kLiquibase: return "liquibase";
  }
  return "";
}

Format format_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Format format : kFormats) {
    if (equals_icase(to_string(format), name)) return format;
    names.emplace_back(to_string(format));
  }
  const auto near = nearest(name, names);
  throw Error(Code::kUsage, fmt::format("unknown format {}", shown_argument(name)))
      .hint(near ? fmt::format("did you mean '{}'?", *near) : fmt::format("known formats: {}", fmt::join(names, ", ")));
}

Format detect_format(const SourceText& source, const sql::Dialect& dialect) {
  if (source.text.starts_with("-- no-transaction")) return Format::kSqlx;
  sql::Scanner scanner(source.text, dialect);
  bool behind_statement = false, in_statement = false;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (!in_statement && scanner.begins_comment(token)) token = scanner.comment_at(token);
    if (!token.is_trivia()) {
      in_statement = token.kind != sql::TokenKind::kSemicolon;
      behind_statement = behind_statement || in_statement;
    }
    if (token.kind != sql::TokenKind::kLineComment || !token.text.starts_with("--")) continue;
    if (const auto format = format_of_comment(token.text, behind_statement)) return *format;
  }
  if (is_flyway_name(source.file_name)) return Format::kFlyway;
  if (source.file_name.ends_with(".up.sql") || source.file_name.ends_with(".down.sql")) return Format::kGolangMigrate;
  return Format::kRaw;
}

Sections read_raw(const SourceText& source, const sql::Dialect& dialect) {
  FileSection section;
  section.name = "up";
  section.statements = sql::split_statements(source.text, dialect, {source.display_name, 1, 1},
                                             sql::SplitOptions{nullptr, sql::TextKind::kDump, ""});
  return one(std::move(section));
}

FileContents read_file(Format format, const SourceText& source, const Variables& variables,
                       const sql::Dialect& dialect) {
  FileContents contents;
  contents.format = format;
  switch (format) {
    case Format::kRaw: contents.sections = read_raw(source, dialect); break;
    case Format::kDbmate: contents.sections = read_dbmate(source, dialect); break;
    case Format::kGoose: contents.sections = read_goose(source, variables, dialect); break;
    case Format::kGolangMigrate: contents.sections = read_golang_migrate(source, dialect); break;
    case Format::kSqlx: contents.sections = read_sqlx(source, dialect); break;
    case Format::kTern: contents.sections = read_tern(source, variables, dialect); break;
    case Format::kGraphileMigrate: contents.sections = read_graphile_migrate(source, variables, dialect); break;
    case Format::kAtlas: contents.sections = read_atlas(source, dialect); break;
    case Format::kFlyway: contents.sections = read_flyway(source, variables, dialect); break;
    case Format::kLiquibase: contents.sections = read_liquibase(source, variables, dialect); break;
  }
  contents.reversible = std::any_of(contents.sections.begin(), contents.sections.end(),
                                    [](const FileSection& section) { return section.name == "down"; });
  return contents;
}

}  // namespace weir::project::formats
