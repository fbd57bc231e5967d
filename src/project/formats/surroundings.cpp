#include "project/formats/surroundings.hpp"

#include "base/text.hpp"
#include "project/source_file.hpp"

extern char** environ;

namespace weir::project::formats {

namespace fs = std::filesystem;

Variables environment() {
  Variables values;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair = *entry;
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) values.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return values;
}

Variables flyway_placeholders(const fs::path& root, const fs::path& file, const std::string& actor, EpochMs now) {
  constexpr std::string_view kKey = "flyway.placeholders.", kVariable = "FLYWAY_PLACEHOLDERS_";
  Variables values = {{"flyway:filename", file.filename().string()},
                      {"flyway:table", "flyway_schema_history"},
                      {"flyway:environment", "default"},
                      {"flyway:defaultSchema", "public"},
                      {"flyway:database", ""},
                      {"flyway:user", actor},
                      {"flyway:workingDirectory", fs::current_path().string()},
                      {"flyway:timestamp", to_iso8601(now)}};
  for (const auto& path : {root / "flyway.conf", file.parent_path() / "flyway.conf"}) {
    if (!fs::exists(path)) continue;
    for (const auto& line : split(read_source(path, path.string()), '\n')) {
      const auto equals = line.find('=');
      if (equals == std::string::npos || !starts_with_icase(line, kKey)) continue;
      const auto name = trim(std::string_view(line).substr(kKey.size(), equals - kKey.size()));
      values[std::string(name)] = trim(std::string_view(line).substr(equals + 1));
    }
  }
  for (const auto& [name, value] : environment()) {
    if (name.starts_with(kVariable)) values[to_lower(name.substr(kVariable.size()))] = value;
  }
  return values;
}

}  // namespace weir::project::formats
