#include "adopt/file_name.hpp"

#include <algorithm>

namespace weir::adopt {
namespace {

using Role = FileName::Role;

constexpr std::string_view kDigits = "0123456789";

// Takes the ending off; false when the name does not have it.
bool drop_ending(std::string_view& name, std::string_view ending) {
  if (!name.ends_with(ending)) return false;
  name.remove_suffix(ending.size());
  return true;
}

// VERSION_name, or VERSIONname where `separator` is not needed.
std::optional<FileName> versioned(std::string_view stem, Role role, bool needs_separator) {
  const std::size_t end = std::min(stem.find_first_not_of(kDigits), stem.size());
  if (end == 0 || (needs_separator && (end == stem.size() || stem[end] != '_'))) return std::nullopt;
  const std::size_t name_at = std::min(stem.find_first_not_of("_-", end), stem.size());
  return FileName{role, std::string(stem.substr(0, end)), std::string(stem.substr(name_at))};
}

// V1_2__name.sql, U1__name.sql, R__name.sql. B files make new databases only.
std::optional<FileName> flyway(std::string_view name) {
  if (!drop_ending(name, ".sql")) return std::nullopt;
  const std::size_t separator = name.find("__");
  if (separator == std::string_view::npos || separator == 0) return std::nullopt;
  std::string version(name.substr(1, separator - 1));
  std::replace(version.begin(), version.end(), '_', '.');
  const std::string description(name.substr(separator + 2));
  if (name[0] == 'R' && version.empty()) return FileName{Role::kRepeatable, "", description};
  if (version.empty() || kDigits.find(version[0]) == std::string_view::npos ||
      version.find_first_not_of("0123456789.") != std::string::npos)
    return std::nullopt;
  if (name[0] == 'V') return FileName{Role::kUp, version, description};
  if (name[0] == 'U') return FileName{Role::kDown, version, description};
  return std::nullopt;
}

}  // namespace

std::optional<FileName> read_file_name(Tool tool, std::string_view name) {
  switch (tool) {
    case Tool::kDbmate: return drop_ending(name, ".sql") ? versioned(name, Role::kUp, false) : std::nullopt;
    case Tool::kRails: return drop_ending(name, ".rb") ? versioned(name, Role::kForeign, true) : std::nullopt;
    case Tool::kGoose:
      if (drop_ending(name, ".sql")) return versioned(name, Role::kUp, true);
      if (name.ends_with("_test.go")) return std::nullopt;
      return drop_ending(name, ".go") ? versioned(name, Role::kForeign, true) : std::nullopt;
    case Tool::kGolangMigrate:
      if (drop_ending(name, ".up.sql")) return versioned(name, Role::kUp, true);
      return drop_ending(name, ".down.sql") ? versioned(name, Role::kDown, true) : std::nullopt;
    case Tool::kSqlx:
      if (drop_ending(name, ".down.sql")) return versioned(name, Role::kDown, true);
      return drop_ending(name, ".up.sql") || drop_ending(name, ".sql") ? versioned(name, Role::kUp, true)
                                                                       : std::nullopt;
    case Tool::kFlyway: return flyway(name);
  }
  return std::nullopt;
}

}  // namespace weir::adopt
