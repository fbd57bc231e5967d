#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/doctor.hpp"

namespace weir::report {
namespace {

using Level = db::Diagnosis::Level;

std::string_view to_string(Level level) {
  switch (level) {
    case Level::kGood: return "good";
    case Level::kWarning: return "warning";
    case Level::kProblem: return "problem";
    case Level::kUnknown: return "unknown";
  }
  return "";
}

std::string_view colour_code(Level level) {
  switch (level) {
    case Level::kGood: return "32";
    case Level::kWarning: return "33";
    case Level::kProblem: return "31";
    case Level::kUnknown: return "2";
  }
  return "";
}

// Padded before it is coloured, because escape codes have no width.
std::string shown(Level level, Colour colour) {
  const std::string word = fmt::format("{:<8}", level == Level::kGood ? "ok" : to_string(level));
  return colour == Colour::kOn ? fmt::format("\x1b[{}m{}\x1b[0m", colour_code(level), word) : word;
}

}  // namespace

std::string to_text(const Examination& examination, Colour colour) {
  std::size_t width = 0;
  for (const auto& one : examination.checks) width = std::max(width, one.subject.size());
  std::string out;
  for (const auto& one : examination.checks) {
    out += fmt::format("{} {:<{}}  {}\n", shown(one.level, colour), one.subject, width, one.message);
    if (!one.remedy.empty()) out += fmt::format("{:{}}-> {}\n", "", 9 + width + 2, one.remedy);
  }
  const auto count = [&](Level level) {
    return std::count_if(examination.checks.begin(), examination.checks.end(),
                         [&](const auto& one) { return one.level == level; });
  };
  return out + fmt::format("{} problem{}, {} warning{}\n", count(Level::kProblem),
                           count(Level::kProblem) == 1 ? "" : "s", count(Level::kWarning),
                           count(Level::kWarning) == 1 ? "" : "s");
}

std::string to_json(const Examination& examination) {
  nlohmann::ordered_json json;
  json["schema"] = 1;
  json["engine"] = examination.engine;
  json["checks"] = nlohmann::ordered_json::array();
  for (const auto& one : examination.checks) {
    json["checks"].push_back(
        {{"subject", one.subject},
         {"level", to_string(one.level)},
         {"message", one.message},
         {"remedy", one.remedy.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(one.remedy)}});
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir::report
