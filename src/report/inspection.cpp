#include "report/inspection.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace weir::report {
namespace {

constexpr std::size_t kShownWidth = 76;

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Written piece by piece, because a file may hold hundreds of thousands of statements.
void add_statement(std::string& json, const InspectedStatement& one) {
  fmt::format_to(std::back_inserter(json), R"({{"text":{},"line":{},"column":{},"last_line":{},"transactional":{},)",
                 json_text(one.statement.text), one.statement.line, one.statement.column, one.last_line,
                 one.transactional);
  json += R"("tables":[)";
  if (one.tables) {
    bool first = true;
    for (const auto& table : *one.tables) json += (std::exchange(first, false) ? "" : ",") + json_text(table);
  }
  json += one.tables ? R"(],"tables_known":true})" : R"(],"tables_known":false})";
}

void add_section(std::string& json, const InspectedSection& section) {
  fmt::format_to(std::back_inserter(json), R"({{"name":{},"line":{},"options":{{"transaction":{})",
                 json_text(section.name), section.line, section.transaction);
  for (const auto& [name, value] : section.options) json += "," + json_text(name) + ":" + json_text(value);
  json += R"(},"statements":[)";
  for (std::size_t i = 0; i < section.statements.size(); ++i) {
    json += i == 0 ? "\n    " : ",\n    ";
    add_statement(json, section.statements[i]);
  }
  json += "]}";
}

// The first words of a statement on one line.
std::string shortened(std::string_view text) {
  std::string line;
  bool blank = false;
  for (const char c : text.substr(0, 4 * kShownWidth)) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!is_blank) line += (blank ? " " : "") + std::string(1, c);
    blank = is_blank && !line.empty();
  }
  if (line.size() <= kShownWidth) return line;
  std::size_t end = kShownWidth;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return line.substr(0, end) + "...";
}

std::string tables_text(const migrate::TableSet& tables) {
  if (!tables) return "any table";
  return tables->empty() ? "no table" : fmt::format("{}", fmt::join(*tables, ", "));
}

}  // namespace

std::string to_json(const Inspection& inspection) {
  std::string json = fmt::format(R"({{"schema":1,"file":{},"engine":{},"format":{},"reversible":{},"sections":[)",
                                 json_text(inspection.file), json_text(inspection.engine), json_text(inspection.format),
                                 inspection.reversible);
  for (std::size_t i = 0; i < inspection.sections.size(); ++i) {
    json += i == 0 ? "\n  " : ",\n  ";
    add_section(json, inspection.sections[i]);
  }
  return json + "]}\n";
}

std::string to_text(const Inspection& inspection, Colour colour) {
  const auto bold = [&](const std::string& text) {
    return colour == Colour::kOn ? "\x1b[1m" + text + "\x1b[0m" : text;
  };
  std::string text = fmt::format("{}: {}, read as {}\n", inspection.file, inspection.format, inspection.engine);
  for (const auto& section : inspection.sections) {
    std::string options = section.transaction ? "" : "  transaction:false";
    for (const auto& [name, value] : section.options) options += fmt::format("  {}:{}", name, value);
    const auto count = section.statements.size();
    text += fmt::format("{}  {} statement{}{}\n", bold(section.name), count, count == 1 ? "" : "s", options);
    for (const auto& one : section.statements) {
      const std::string lines = one.last_line == one.statement.line
                                    ? fmt::format("{}", one.statement.line)
                                    : fmt::format("{}-{}", one.statement.line, one.last_line);
      text += fmt::format("  {:>9}  {}\n             {}, {}\n", lines, shortened(one.statement.text),
                          one.transactional ? "in a transaction" : "without transaction", tables_text(one.tables));
    }
  }
  return text;
}

}  // namespace weir::report
