#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "migrate/diff.hpp"
#include "report/schema_file.hpp"

namespace weir::report {
namespace {

constexpr std::size_t kDiffLines = 8;  // of one object
constexpr std::size_t kShownObjects = 20;

struct Block {
  std::string title;
  std::string_view text;
  bool matched = false;
};

// A block begins with a comment after an empty line. One inside a function's body makes two blocks of it, which compare
// as well as one.
std::vector<Block> blocks_of(std::string_view text) {
  constexpr std::string_view kBegin = "\n\n-- ";
  std::vector<Block> blocks;
  while (!text.empty()) {
    const auto end = std::min(text.find(kBegin), text.size());
    const std::string_view block = text.substr(0, end);
    const std::string_view heading = block.substr(0, block.find('\n'));
    blocks.push_back({std::string(trim(heading.substr(std::min<std::size_t>(3, heading.size())))), trim(block)});
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return blocks;
}

std::string_view to_string(SchemaDifference::Kind kind) {
  switch (kind) {
    case SchemaDifference::Kind::kOnlyInFile: return "only-in-file";
    case SchemaDifference::Kind::kOnlyInDatabase: return "only-in-database";
    case SchemaDifference::Kind::kChanged: return "changed";
  }
  return "";
}

}  // namespace

std::vector<SchemaDifference> compare_schema_files(std::string_view file, std::string_view database) {
  using Kind = SchemaDifference::Kind;
  std::vector<SchemaDifference> differences;
  std::vector<Block> now = blocks_of(database);
  for (const auto& block : blocks_of(file)) {
    const auto found =
        std::find_if(now.begin(), now.end(), [&](const Block& b) { return !b.matched && b.title == block.title; });
    if (found == now.end()) {
      differences.push_back({Kind::kOnlyInFile, block.title, ""});
      continue;
    }
    found->matched = true;
    if (found->text != block.text)
      differences.push_back({Kind::kChanged, block.title, migrate::line_diff(block.text, found->text, kDiffLines)});
  }
  for (const auto& block : now) {
    if (!block.matched) differences.push_back({Kind::kOnlyInDatabase, block.title, ""});
  }
  if (differences.empty() && file != database)
    differences.push_back({Kind::kChanged, "order of the objects, or blank lines", ""});
  return differences;
}

std::string to_text(const std::vector<SchemaDifference>& differences, const std::string& file) {
  if (differences.empty()) return fmt::format("{} is up to date\n", file);
  std::string out = fmt::format("{} differs from the database (- file, + database):\n", file);
  for (std::size_t i = 0; i < std::min(differences.size(), kShownObjects); ++i) {
    const auto& one = differences[i];
    switch (one.kind) {
      case SchemaDifference::Kind::kOnlyInFile: out += fmt::format("- {}\n", one.object); break;
      case SchemaDifference::Kind::kOnlyInDatabase: out += fmt::format("+ {}\n", one.object); break;
      case SchemaDifference::Kind::kChanged: out += fmt::format("  {}\n", one.object); break;
    }
    for (const auto& line : split(one.diff, '\n')) {
      if (!line.empty()) out += fmt::format("    {}\n", line);
    }
  }
  if (differences.size() > kShownObjects) out += fmt::format("... and {} more\n", differences.size() - kShownObjects);
  return out;
}

std::string to_json(const std::vector<SchemaDifference>& differences, const std::string& file) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["file"] = file;
  json["up_to_date"] = differences.empty();
  json["differences"] = nlohmann::ordered_json::array();
  for (const auto& one : differences)
    json["differences"].push_back({{"object", one.object}, {"kind", to_string(one.kind)}, {"diff", one.diff}});
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir::report
