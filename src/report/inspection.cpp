#include "report/inspection.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace weir::report {
namespace {

constexpr std::size_t kShownWidth = 76;

// Written by hand, because a file may hold hundreds of thousands of statements.
std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string statement_json(const InspectedStatement& one) {
  std::string tables;
  if (one.tables) {
    for (const auto& table : *one.tables) tables += (tables.empty() ? "" : ",") + json_text(table);
  }
  return fmt::format(
      R"({{"text":{},"line":{},"column":{},"last_line":{},"transactional":{},"tables":[{}],"tables_known":{}}})",
      json_text(one.statement.text), one.statement.line, one.statement.column, one.last_line, one.transactional, tables,
      one.tables.has_value());
}

std::string section_json(const InspectedSection& section) {
  std::string options = fmt::format(R"("transaction":{})", section.transaction);
  for (const auto& [name, value] : section.options) options += fmt::format(",{}:{}", json_text(name), json_text(value));
  std::string json = fmt::format(R"({{"name":{},"line":{},"options":{{{}}},"statements":[)", json_text(section.name),
                                 section.line, options);
  for (std::size_t i = 0; i < section.statements.size(); ++i) {
    json += i == 0 ? "\n    " : ",\n    ";
    json += statement_json(section.statements[i]);
  }
  return json + "]}";
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
    json += section_json(inspection.sections[i]);
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
