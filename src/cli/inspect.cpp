#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "engines/languages.hpp"
#include "project/formats/format.hpp"
#include "project/source_file.hpp"
#include "report/inspection.hpp"

extern char** environ;

namespace weir::cli {
namespace {

namespace fs = std::filesystem;
namespace formats = project::formats;

const engines::Language& language(const Context& context, const InspectOptions& options) {
  if (options.engine) return engines::language_of(*options.engine);
  if (!context.config.url)
    throw Error(Code::kUsage, "the engine is not known: no database is named")
        .hint("say it with --engine postgres, mysql, mariadb or sqlite");
  return engines::language_of(db::parse_url(*context.config.url));
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> values;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view pair = *entry;
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) values.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return values;
}

// flyway.placeholders.NAME=value of flyway.conf, beside the file or in the present folder; then
// FLYWAY_PLACEHOLDERS_NAME.
formats::Variables flyway_placeholders(const Context& context, const fs::path& file) {
  constexpr std::string_view kKey = "flyway.placeholders.", kVariable = "FLYWAY_PLACEHOLDERS_";
  formats::Variables values = {{"flyway:filename", file.filename().string()},
                               {"flyway:table", "flyway_schema_history"},
                               {"flyway:environment", "default"},
                               {"flyway:defaultSchema", "public"},
                               {"flyway:database", ""},
                               {"flyway:user", context.actor},
                               {"flyway:workingDirectory", fs::current_path().string()},
                               {"flyway:timestamp", to_iso8601(context.clock.wall())}};
  for (const auto& path : {context.config.root / "flyway.conf", file.parent_path() / "flyway.conf"}) {
    if (!fs::exists(path)) continue;
    for (const auto& line : split(project::read_source(path, path.string()), '\n')) {
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

report::InspectedSection inspect(formats::FileSection section, const engines::Language& engine) {
  report::InspectedSection inspected{section.name, section.line, section.transaction, section.options, {}};
  inspected.statements.reserve(section.statements.size());
  for (auto& statement : section.statements) {
    const auto lines = std::count(statement.text.begin(), statement.text.end(), '\n');
    const bool transactional = section.transaction && engine.runs_in_transaction(statement.text);
    auto tables = migrate::tables_of(statement.text, engine.dialect);
    const int last_line = statement.line + static_cast<int>(lines);
    inspected.statements.push_back({std::move(statement), last_line, transactional, std::move(tables)});
  }
  return inspected;
}

}  // namespace

int run_command(const Context& context, const InspectOptions& options) {
  const engines::Language& engine = language(context, options);
  const fs::path path = options.file;
  formats::SourceText source{path.filename().string(), options.file, project::read_source(path, options.file), {}};
  const auto format =
      options.format ? formats::format_named(*options.format) : formats::detect_format(source, engine.dialect);
  const bool is_flyway = format == formats::Format::kFlyway;
  if (const fs::path settings = options.file + ".conf"; is_flyway && fs::exists(settings))
    source.settings = project::read_source(settings, settings.string());
  const auto variables = is_flyway ? flyway_placeholders(context, path) : environment();
  auto contents = formats::read_file(format, source, variables, engine.dialect);
  report::Inspection inspection{options.file, engine.name, formats::to_string(format), contents.reversible, {}};
  for (auto& section : contents.sections) inspection.sections.push_back(inspect(std::move(section), engine));
  context.print(context.global.json ? report::to_json(inspection) : report::to_text(inspection, context.colour));
  return 0;
}

}  // namespace weir::cli
