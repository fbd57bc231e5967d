#include "project/timeline.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "base/parallel.hpp"
#include "base/text.hpp"
#include "project/source_file.hpp"

namespace weir::project {
namespace {

namespace fs = std::filesystem;

bool starts_with_digit(const std::string& name) { return !name.empty() && name[0] >= '0' && name[0] <= '9'; }

// What begins with a version looks like a migration and must not be passed over in silence.
[[noreturn]] void refuse_entry(const fs::directory_entry& entry, const std::string& display, Kind kind) {
  const std::string extension = to_lower(entry.path().extension().string());
  const auto error = [&](Code code, const std::string& message, const std::string& hint) {
    return Error(code, message).at({display, 0, 0, ""}).hint(hint);
  };
  std::error_code ignored;
  if (entry.is_directory(ignored))
    throw error(Code::kInvalidFile, "this is a folder with the name of a migration; subfolders are not read",
                "move its files up, or rename it so that it does not begin with a digit");
  if (entry.is_symlink(ignored) && !entry.exists(ignored))
    throw error(Code::kInvalidFile, "this link leads nowhere", "restore the file that it names, or remove the link");
  if (entry.is_regular_file(ignored) && kind == Kind::kData && !extension.starts_with(".sq"))
    throw error(Code::kNotAvailable, "row programs (data migrations that are not .sql) are not available yet",
                "write the change as SQL, or move the file elsewhere");
  throw error(Code::kInvalidFile, "the name begins with a version, but this is not a .sql file",
              "name it VERSION_name.sql in lower case, or move it elsewhere");
}

// The entries of a folder in the order of their names; none if there is no such folder.
std::vector<fs::directory_entry> entries_of(const fs::path& path, const std::string& folder) {
  if (!fs::exists(fs::symlink_status(path))) return {};
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) entries.push_back(*it);
  if (error) {
    throw Error(Code::kConfig, fmt::format("cannot read the folder {}: {}", folder, error.message()))
        .hint("is it a link that leads nowhere?");
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.path().native() < b.path().native();  // of one folder: the order of their names
  });
  return entries;
}

// Nothing: another tool's file, or no migration at all.
std::optional<Migration> load_entry(const Config& config, const std::string& folder, Kind kind,
                                    const sql::Dialect& dialect, const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  const std::string display = (fs::path(folder) / name).string();
  const std::string extension = entry.path().extension().string();
  if (config.adopted && config.adopted->tool == "rails" && extension == ".rb") return std::nullopt;
  const bool repeatable = kind == Kind::kSchema && name.starts_with(kRepeatablePrefix);
  std::error_code ignored;
  if (extension == ".sql" && entry.is_regular_file(ignored)) {
    std::string text = read_source(entry.path(), display);
    return repeatable ? parse_repeatable(name, display, std::move(text), dialect)
                      : parse_migration(kind, name, display, std::move(text), dialect);
  }
  if (starts_with_digit(name) || repeatable) refuse_entry(entry, display, kind);
  return std::nullopt;
}

void load_folder(const Config& config, const std::string& folder, Kind kind, const sql::Dialect& dialect,
                 std::vector<Migration>& migrations) {
  const auto entries = entries_of(config.root / folder, folder);
  std::vector<std::optional<Migration>> loaded(entries.size());
  for_each_index(entries.size(),
                 [&](std::size_t i) { loaded[i] = load_entry(config, folder, kind, dialect, entries[i]); });
  migrations.reserve(migrations.size() + loaded.size());
  for (auto& migration : loaded) {
    if (migration) migrations.push_back(*std::move(migration));
  }
}

// Files come in the order of their names, which is nearly always that of their versions.
template <typename Before>
void sort_unless_sorted(std::vector<Migration>& migrations, const Before& before) {
  if (!std::is_sorted(migrations.begin(), migrations.end(), before))
    std::stable_sort(migrations.begin(), migrations.end(), before);
}

}  // namespace

Timeline::Timeline(std::vector<Migration> migrations) {
  migrations_.reserve(migrations.size());
  for (auto& migration : migrations)
    (migration.repeatable ? repeatables_ : migrations_).push_back(std::move(migration));
  sort_unless_sorted(repeatables_, [](const Migration& a, const Migration& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < repeatables_.size(); ++i) {
    if (repeatables_[i].name != repeatables_[i - 1].name) continue;
    throw Error(Code::kInvalidFile, fmt::format("two repeatable migrations are named {}", repeatables_[i].name))
        .at({repeatables_[i].file, 0, 0, ""})
        .hint(fmt::format("the other is {}", repeatables_[i - 1].file));
  }
  sort_unless_sorted(migrations_, [](const Migration& a, const Migration& b) { return a.version < b.version; });
  for (std::size_t i = 1; i < migrations_.size(); ++i) {
    if (migrations_[i].version != migrations_[i - 1].version) continue;
    throw Error(Code::kInvalidFile, fmt::format("version {} stands in two files", migrations_[i].version.text()))
        .at({migrations_[i].file, 0, 0, ""})
        .hint(fmt::format("the other is {}; give one of them a new version", migrations_[i - 1].file));
  }
  for (const auto& migration : migrations_) required_by(migration);
  for (const auto& migration : repeatables_) required_by(migration);
}

const Migration* Timeline::by_version(const Version& version) const {
  const auto found = std::lower_bound(migrations_.begin(), migrations_.end(), version,
                                      [](const Migration& m, const Version& v) { return m.version < v; });
  return found != migrations_.end() && found->version == version ? &*found : nullptr;
}

std::vector<const Migration*> Timeline::named(std::string_view reference) const {
  const std::string text(reference);
  if (starts_with_digit(text) && text.find_first_not_of("0123456789._") == std::string::npos) {
    if (const Migration* migration = by_version(Version(text))) return {migration};
  }
  std::vector<const Migration*> found;
  for (const auto& migration : migrations_) {
    if (migration.name == text || migration.version.text() + "_" + migration.name == text) found.push_back(&migration);
  }
  return found;
}

const Migration& Timeline::find(std::string_view reference) const {
  const auto found = named(reference);
  if (found.size() == 1) return *found.front();
  if (found.size() > 1) {
    throw Error(Code::kUsage, fmt::format("{} migrations are named {}", found.size(), shown_argument(reference)))
        .hint(fmt::format("say which by its version: {} or {}", found[0]->version.text(), found[1]->version.text()));
  }
  std::vector<std::string> names;
  for (const auto& migration : migrations_) names.push_back(migration.name);
  const auto near = nearest(reference, names);
  throw Error(Code::kNotFound, fmt::format("{} is no migration of this project", shown_argument(reference)))
      .hint(near ? fmt::format("did you mean '{}'?", *near) : "`weir status` lists them");
}

const Migration& Timeline::resolve(const Migration& from, const Reference& reference) const {
  const auto found = named(reference.text);
  if (found.size() > 1) {
    throw Error(Code::kInvalidFile, fmt::format("{} migrations are named '{}'", found.size(), reference.text))
        .at(reference.place)
        .hint(fmt::format("name one by its version: {} or {}", found[0]->version.text(), found[1]->version.text()));
  }
  if (found.empty()) {
    std::vector<std::string> names;
    for (const auto& migration : migrations_) names.push_back(migration.name);
    const auto near = nearest(reference.text, names);
    throw Error(Code::kInvalidFile, fmt::format("there is no migration '{}' to require", reference.text))
        .at(reference.place)
        .hint(near ? fmt::format("did you mean '{}'?", *near) : "name an earlier migration by its name or version");
  }
  if (!from.repeatable && found[0]->version >= from.version) {
    throw Error(Code::kInvalidFile, fmt::format("'{}' does not come before this migration", reference.text))
        .at(reference.place)
        .hint("a migration can only require earlier ones");
  }
  return *found[0];
}

const Migration& Timeline::find_data(std::string_view reference) const {
  const Migration& migration = find(reference);
  if (migration.kind == Kind::kData) return migration;
  throw Error(Code::kUsage, fmt::format("{} is a schema migration", migration.name)).hint("`weir migrate` applies it");
}

std::vector<const Migration*> Timeline::required_by(const Migration& migration) const {
  std::vector<const Migration*> required;
  for (const auto& reference : migration.requirements) required.push_back(&resolve(migration, reference));
  return required;
}

std::vector<const Migration*> Timeline::dependents_of(const Migration& migration) const {
  std::vector<const Migration*> dependents;
  for (const auto& other : migrations_) {
    const auto required = required_by(other);
    if (std::find(required.begin(), required.end(), &migration) != required.end()) dependents.push_back(&other);
  }
  return dependents;
}

Timeline load_timeline(const Config& config, const sql::Dialect& dialect) {
  const auto is_there = [&](const std::string& folder) { return fs::exists(fs::symlink_status(config.root / folder)); };
  if (!is_there(config.schema_folder) && !is_there(config.data_folder)) {
    throw Error(Code::kNotFound, fmt::format("there is no {} and no {} in {}", config.schema_folder, config.data_folder,
                                             config.root.string()))
        .hint("`weir init` makes them; or go to the project's folder");
  }
  return Timeline(load_migrations(config, dialect));
}

std::vector<Migration> load_migrations(const Config& config, const sql::Dialect& dialect) {
  std::vector<Migration> migrations;
  // Ruby files and SQL files of weir share a folder in peace.
  const bool is_taken =
      config.adopted && config.adopted->tool != "rails" &&
      fs::path(config.schema_folder).lexically_normal() == fs::path(config.adopted->folder).lexically_normal();
  if (!is_taken) load_folder(config, config.schema_folder, Kind::kSchema, dialect, migrations);
  load_folder(config, config.data_folder, Kind::kData, dialect, migrations);
  return migrations;
}

}  // namespace weir::project
