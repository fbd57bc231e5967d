#include "adopt/files.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "adopt/file_name.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "project/formats/surroundings.hpp"
#include "project/source_file.hpp"

namespace weir::adopt {
namespace {

namespace fs = std::filesystem;
namespace formats = project::formats;
using project::Migration;
using Role = FileName::Role;

struct ToolFile {
  fs::path path;
  std::string display;
  FileName name;
};

formats::Format format_of(Tool tool) {
  switch (tool) {
    case Tool::kGoose: return formats::Format::kGoose;
    case Tool::kGolangMigrate: return formats::Format::kGolangMigrate;
    case Tool::kSqlx: return formats::Format::kSqlx;
    case Tool::kFlyway: return formats::Format::kFlyway;
    case Tool::kDbmate:
    case Tool::kRails: break;
  }
  return formats::Format::kDbmate;
}

// By path, so that what is said about them has an order.
std::vector<ToolFile> list_files(Tool tool, const project::Config& config, const std::string& folder) {
  const fs::path root = config.root / folder;
  std::error_code error;
  if (!fs::is_directory(root, error))
    throw Error(Code::kNotFound, fmt::format("there is no folder {} in {}", folder, config.root.string()))
        .hint("say where the migrations are: weir adopt --dir FOLDER");
  std::vector<ToolFile> files;
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    // Only Flyway looks into folders below.
    if (it->is_directory() && tool != Tool::kFlyway) it.disable_recursion_pending();
    if (!it->is_regular_file()) continue;
    auto name = read_file_name(tool, it->path().filename().string());
    if (name) files.push_back({it->path(), (fs::path(folder) / fs::relative(it->path(), root)).string(), *name});
  }
  if (error) throw Error(Code::kConfig, fmt::format("cannot read the folder {}: {}", folder, error.message()));
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.display < b.display; });
  return files;
}

// The reader saw the text with its variables replaced: back to where the statement stands in the file.
std::size_t offset_of(std::string_view text, int line, int column) {
  std::size_t at = 0;
  for (int i = 1; i < line; ++i) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return std::min(at + static_cast<std::size_t>(column - 1), text.size());
}

class FilesReader {
 public:
  FilesReader(Tool tool, const project::Config& config, const sql::Dialect& dialect)
      : tool_(tool), config_(config), dialect_(dialect) {}

  Migration read(const ToolFile& file) const {
    const std::string text = project::read_source(file.path, file.display);
    Migration migration;
    if (tool_ == Tool::kDbmate) {
      migration =
          project::parse_migration(project::Kind::kSchema, file.path.filename().string(), file.display, text, dialect_);
    } else {
      migration.file = file.display;
      migration.text = text;
      migration.checksum = sha256(text);
      if (file.name.role == Role::kForeign) {
        migration.foreign = true;
        migration.sections.emplace_back().line = 1;
      } else {
        migration.sections = sections(file, text);
      }
    }
    migration.former_tool = to_string(tool_);
    migration.repeatable = file.name.role == Role::kRepeatable;
    migration.version = project::Version(migration.repeatable ? "R" : file.name.version);
    migration.name = file.name.name;
    return migration;
  }

  void add_down(const ToolFile& file, Migration& migration) const {
    for (auto& section : sections(file, project::read_source(file.path, file.display))) {
      section.kind = project::SectionKind::kDown;
      section.file = file.display;
      migration.sections.push_back(std::move(section));
    }
  }

 private:
  std::vector<project::Section> sections(const ToolFile& file, const std::string& text) const {
    formats::SourceText source{file.path.filename().string(), file.display, text, {}};
    if (const fs::path settings = file.path.string() + ".conf"; tool_ == Tool::kFlyway && fs::exists(settings))
      source.settings = project::read_source(settings, file.display + ".conf");
    const auto variables = tool_ == Tool::kFlyway ? formats::flyway_placeholders(config_.root, file.path,
                                                                                 current_actor(), system_clock().wall())
                                                  : formats::environment();
    std::vector<project::Section> sections;
    for (auto& read : formats::read_file(format_of(tool_), source, variables, dialect_).sections) {
      project::Section section;
      section.kind = read.name == "down" ? project::SectionKind::kDown : project::SectionKind::kUp;
      section.line = read.line;
      section.transaction = read.transaction;
      section.statements = std::move(read.statements);
      for (auto& statement : section.statements) statement.offset = offset_of(text, statement.line, statement.column);
      sections.push_back(std::move(section));
    }
    return sections;
  }

  Tool tool_;
  const project::Config& config_;
  const sql::Dialect& dialect_;
};

}  // namespace

std::vector<Migration> load_files(Tool tool, const project::Config& config, const std::string& folder,
                                  const sql::Dialect& dialect) {
  const FilesReader reader(tool, config, dialect);
  const auto files = list_files(tool, config, folder);
  std::vector<Migration> migrations;
  for (const auto& file : files) {
    if (file.name.role != Role::kDown) migrations.push_back(reader.read(file));
  }
  for (const auto& file : files) {
    if (file.name.role != Role::kDown) continue;
    const project::Version version(file.name.version);
    const auto up = std::find_if(migrations.begin(), migrations.end(),
                                 [&](const auto& one) { return !one.repeatable && one.version == version; });
    if (up == migrations.end())
      throw Error(Code::kInvalidFile, fmt::format("there is no migration {} that this file could undo", version.text()))
          .at({file.display, 0, 0, ""})
          .hint("bring its other half back, or move this file elsewhere");
    reader.add_down(file, *up);
  }
  return migrations;
}

project::Timeline load_timeline(const project::Config& config, const sql::Dialect& dialect) {
  const auto tool = former_tool(config);
  if (!tool) return project::load_timeline(config, dialect);
  auto migrations = project::load_migrations(config, dialect);
  for (auto& one : load_files(*tool, config, config.adopted->folder, dialect)) migrations.push_back(std::move(one));
  return project::Timeline(std::move(migrations));
}

}  // namespace weir::adopt
