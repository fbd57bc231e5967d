// All migrations of a project in one order: schema and data migrations share one version space.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "project/config.hpp"
#include "project/migration.hpp"

namespace weir::project {

class Timeline {
 public:
  // Takes migrations in any order. Errors: kInvalidFile for two files with one version, and for a requirement that
  // names nothing, something ambiguous, or a later migration.
  // Repeatable ones are kept apart. Errors also for two of them with one name.
  explicit Timeline(std::vector<Migration> migrations);

  const std::vector<Migration>& migrations() const { return migrations_; }  // by version
  // Applied after all others, whenever their text changed; by name.
  const std::vector<Migration>& repeatables() const { return repeatables_; }
  const Migration* by_version(const Version& version) const;
  // By version or name. Errors: kNotFound with the nearest name; kUsage when several have that name.
  const Migration& find(std::string_view reference) const;
  // The same for what can be run. Errors: kUsage for a schema migration as well.
  const Migration& find_data(std::string_view reference) const;
  // The migrations that `migration` requires directly.
  std::vector<const Migration*> required_by(const Migration& migration) const;
  // The migrations that require `migration` directly, in order.
  std::vector<const Migration*> dependents_of(const Migration& migration) const;

 private:
  std::vector<const Migration*> named(std::string_view reference) const;
  const Migration& resolve(const Migration& from, const Reference& reference) const;
  std::vector<Migration> migrations_;
  std::vector<Migration> repeatables_;
};

// Reads every migration file of the project. A missing folder is an empty one. Errors: kInvalidFile, kNotAvailable,
// kNotFound when neither folder exists.
Timeline load_timeline(const Config& config, const sql::Dialect& dialect);
// The same before they are put in order; nothing when neither folder exists. The folder of an adopted project is not
// read: adopt/files.hpp does that.
std::vector<Migration> load_migrations(const Config& config, const sql::Dialect& dialect);

}  // namespace weir::project
