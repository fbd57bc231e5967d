// The schema file of `weir dump`: the schema, weir's ledger, and a line for each applied migration. Loaded into an
// empty database it gives one that `weir migrate` knows as migrated. Format: docs/formats.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.hpp"
#include "ledger/ledger.hpp"

namespace weir::report {

// `ledger` is empty when the database has none. The same schema and history give the same bytes.
// Errors: kGateClosed while a migration is half applied; those of Database::dump_schema().
std::string schema_file(const db::Database& database, ledger::Ledger* ledger);

// One object that differs between a schema file and the database.
struct SchemaDifference {
  enum class Kind { kOnlyInFile, kOnlyInDatabase, kChanged };
  Kind kind = Kind::kChanged;
  std::string object;  // "TABLE public.users"
  std::string diff;    // of a changed one: lines with - (file) and + (database); shortened
};

// Both are texts of schema_file(). In the order of the objects in `file`, then those that are only in `database`.
std::vector<SchemaDifference> compare_schema_files(std::string_view file, std::string_view database);

std::string to_text(const std::vector<SchemaDifference>& differences, const std::string& file);
std::string to_json(const std::vector<SchemaDifference>& differences, const std::string& file);

}  // namespace weir::report
