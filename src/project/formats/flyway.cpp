// Flyway: raw SQL in V, R, B and U files, with `${placeholders}` that are replaced everywhere, in strings and comments
// too, and a side file <file>.conf.
// Source: github.com/flyway/flyway, PlaceholderReplacingReader.java; "Script Config Files" of its documentation
#include <algorithm>
#include <fmt/format.h>
#include <functional>

#include "base/text.hpp"
#include "project/formats/pieces.hpp"
#include "project/formats/readers.hpp"

namespace weir::project::formats {
namespace {

struct Settings {
  bool transaction = true;
  bool replaces = true;
};

Settings read_settings(const SourceText& source) {
  Settings settings;
  for (const auto& line : split(source.settings.value_or(""), '\n')) {
    const auto equals = line.find('=');
    if (equals == std::string::npos || line[0] == '#') continue;
    const std::string key = std::string(trim(std::string_view(line).substr(0, equals)));
    const bool off = equals_icase(trim(std::string_view(line).substr(equals + 1)), "false");
    if (key == "executeInTransaction") settings.transaction = !off;
    if (key == "placeholderReplacement") settings.replaces = !off;
  }
  return settings;
}

// A text in which pieces were replaced, and where its bytes stood before.
struct Replaced {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> pieces;  // offset now, offset in the file; growing

  std::size_t source_offset(std::size_t offset) const {
    const auto behind = std::upper_bound(pieces.begin(), pieces.end(), std::pair(offset, std::string::npos));
    return behind == pieces.begin() ? offset : std::prev(behind)->second + (offset - std::prev(behind)->first);
  }
};

Replaced replace(const SourceText& source, const Variables& variables) {
  Replaced replaced;
  const std::string_view text = source.text;
  std::size_t at = 0;
  for (std::size_t begin = text.find("${"); begin != std::string_view::npos; begin = text.find("${", at)) {
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos) break;
    const std::string name(text.substr(begin + 2, end - begin - 2));
    const auto value = std::find_if(variables.begin(), variables.end(),
                                    [&](const auto& variable) { return equals_icase(variable.first, name); });
    if (value == variables.end())
      refuse(source, begin, fmt::format("the placeholder ${{{}}} has no value", name),
             fmt::format("set FLYWAY_PLACEHOLDERS_{}, or flyway.placeholders.{} in flyway.conf", name, name));
    replaced.pieces.emplace_back(replaced.text.size(), at);
    replaced.text.append(text, at, begin - at);
    replaced.pieces.emplace_back(replaced.text.size(), begin);
    replaced.text += value->second;
    at = end + 1;
  }
  replaced.pieces.emplace_back(replaced.text.size(), at);
  replaced.text.append(text, at);
  return replaced;
}

}  // namespace

Sections read_flyway(const SourceText& source, const Variables& variables, const sql::Dialect& dialect) {
  const Settings settings = read_settings(source);
  SourceText text = source;
  FileSection section;
  if (settings.replaces && source.text.find("${") != std::string::npos) {
    const Replaced replaced = replace(source, variables);
    text.text = replaced.text;
    section = whole_file(text, dialect);
    for (auto& statement : section.statements) {
      const Place place = place_at(source, replaced.source_offset(statement.offset));
      statement.line = place.line;
      statement.column = place.column;
    }
  } else {
    section = whole_file(text, dialect);
  }
  section.transaction = settings.transaction;
  if (source.file_name.starts_with("U") && source.file_name.find("__") != std::string::npos) section.name = "down";
  return one(std::move(section));
}

}  // namespace weir::project::formats
