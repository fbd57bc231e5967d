// A migration file as a value. It is parsed completely before anything is executed and never changed afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/migrate.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "db/database.hpp"
#include "project/version.hpp"
#include "sql/splitter.hpp"

namespace weir::project {

// How the file name of a repeatable migration begins.
inline constexpr std::string_view kRepeatablePrefix = "R__";

using weir::Kind;
using weir::to_string;

enum class SectionKind { kUp, kDown, kBatch, kEach, kVerify };
std::string_view to_string(SectionKind kind);

// Who computes the new values of rows in `migrate:each`. kRegistered: a C++ program that uses weir as its library.
enum class RowProgramKind { kRegistered };
std::string_view to_string(RowProgramKind kind);

struct Section {
  SectionKind kind = SectionKind::kUp;
  int line = 0;                                   // of its marker
  bool transaction = true;                        // `transaction:false` was not written
  std::optional<Milliseconds> lock_timeout;       // `lock_timeout:2s`
  std::optional<Milliseconds> statement_timeout;  // `statement_timeout:30s`
  std::optional<RowProgramKind> program;          // `program:registered`; kEach only
  std::vector<sql::Statement> statements;
  std::string file = {};  // where it stands, when that is not the migration's file: the down half of a pair
};

// A word of a header with the place where it stands, for errors.
struct Reference {
  std::string text;
  Place place;
};

struct Parameter {
  std::string name;
  db::ParameterType type = db::ParameterType::kText;
  std::optional<std::string> default_value;
};

// What a data migration does to which rows.
struct DataProgram {
  Reference over;                          // the table, as written
  std::optional<Reference> where;          // SQL condition; the rows for which it is true are not done yet
  std::vector<std::string> key;            // unique key to walk; empty: weir chooses
  std::optional<std::int64_t> batch_rows;  // Units: rows of the key range, matching or not; nothing: as measured
  std::vector<Parameter> parameters;
  std::optional<Reference> heap;  // `order: heap`: in the order in which the rows are stored
  // `on_error: quarantine [n]`: so many rows may fail and are set aside; nothing: the first one stops the run.
  std::optional<std::int64_t> error_budget;
  std::vector<Reference> keep;         // columns whose old values are saved, so that a run can be undone
  std::vector<Reference> read, write;  // columns that a row program sees, and that it answers with
};

struct Migration {
  Version version;
  std::string name;
  Kind kind = Kind::kSchema;
  std::string file;      // as shown to people: db/migrate/2026..._x.sql
  std::string text;      // normalised
  std::string checksum;  // SHA-256 of text
  std::string change;
  std::string description;
  std::vector<Reference> requirements;  // `requires:`, by version or name
  std::vector<Section> sections;        // in the order of the file
  bool repeatable = false;              // applied again whenever its text changed; its version is R
  std::string former_tool = {};         // whose file it is, in a project that weir adopted; empty: weir's own
  bool foreign = false;                 // a program that only the former tool can execute
  DataProgram data;                     // kData only

  // Sections of one kind; `down` sections come last first, because several up/down pairs are undone in reverse.
  std::vector<const Section*> all(SectionKind kind) const;
  const Section* first(SectionKind kind) const;
  // kData: a row program computes the change, not statements.
  bool has_row_program() const { return first(SectionKind::kEach) != nullptr; }
  // kData: those of migrate:batch; none when a row program computes the change.
  const std::vector<sql::Statement>& batch_statements() const;
  // A row program counts as one statement.
  std::int64_t statement_count() const;
  // kData: where the change stands.
  Place change_place() const;
  // The place of byte `offset` of one of its statements.
  Place place_in(const sql::Statement& statement, std::size_t offset = 0) const;
  std::string label() const { return version.text() + " " + name; }
};

// Errors: kInvalidFile or kNotAvailable with file, line, column and a hint; nothing is ever ignored.
Migration parse_migration(Kind kind, const std::string& file_name, const std::string& display_name, std::string text,
                          const sql::Dialect& dialect);

// R__name.sql: a repeatable schema migration. Without any section marker the whole file is migrate:up.
Migration parse_repeatable(const std::string& file_name, const std::string& display_name, std::string text,
                           const sql::Dialect& dialect);

}  // namespace weir::project
