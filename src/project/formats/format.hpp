// Migration files of weir and of other tools, read into one shape. Reading is pure: what a tool takes from its
// surroundings (variables, a side file) is handed in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/splitter.hpp"

namespace weir::project::formats {

enum class Format {
  kRaw,  // SQL without sections
  kDbmate,
  kGoose,
  kGolangMigrate,
  kSqlx,
  kTern,
  kGraphileMigrate,
  kAtlas,
  kFlyway,
  kLiquibase,
};
std::string_view to_string(Format format);
// Errors: kUsage with the nearest known name.
Format format_named(std::string_view name);

struct SourceText {
  std::string file_name;                // without folders: several tools keep the direction in it
  std::string display_name;             // for errors
  std::string text;                     // as normalise_source() returns it
  std::optional<std::string> settings;  // Flyway's <file>.conf
};

// Names to values: Flyway's placeholders, the environment for goose's ENVSUB.
using Variables = std::map<std::string, std::string>;

struct FileSection {
  std::string name;  // "up", "down", "batch", "verify"
  int line = 1;      // where it begins
  bool transaction = true;
  std::vector<std::pair<std::string, std::string>> options;  // what else the file says about it
  std::vector<sql::Statement> statements;
};

struct FileContents {
  Format format = Format::kRaw;
  std::vector<FileSection> sections;  // in the order of the file
  bool reversible = false;            // the file itself says how it is undone
};

// By what stands in the file, then by its name; kRaw when neither tells.
Format detect_format(const SourceText& source, const sql::Dialect& dialect);

// Errors: kInvalidFile with place and hint, kNotAvailable for what weir cannot follow (templates, includes).
FileContents read_file(Format format, const SourceText& source, const Variables& variables,
                       const sql::Dialect& dialect);

}  // namespace weir::project::formats
