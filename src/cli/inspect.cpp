#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "engines/languages.hpp"
#include "project/formats/surroundings.hpp"
#include "project/source_file.hpp"
#include "report/inspection.hpp"

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
  const auto variables =
      is_flyway ? formats::flyway_placeholders(context.config.root, path, context.actor, context.clock.wall())
                : formats::environment();
  auto contents = formats::read_file(format, source, variables, engine.dialect);
  report::Inspection inspection{options.file, engine.name, formats::to_string(format), contents.reversible, {}};
  for (auto& section : contents.sections) inspection.sections.push_back(inspect(std::move(section), engine));
  context.print(context.global.json ? report::to_json(inspection) : report::to_text(inspection, context.colour));
  return 0;
}

}  // namespace weir::cli
