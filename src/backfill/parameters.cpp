#include "backfill/parameters.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace weir::backfill {
namespace {

bool is_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return !text.empty() && end == text.c_str() + text.size() && std::isfinite(value);
}

bool has_shape(std::string_view text, std::string_view shape) {
  const auto fits = [](char c, char pattern) {
    if (pattern == '9') return c >= '0' && c <= '9';
    if (pattern == 'x') return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return c == pattern;
  };
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(), fits);
}

bool is_valid(const std::string& text, db::ParameterType type) {
  switch (type) {
    case db::ParameterType::kText: return true;
    case db::ParameterType::kInteger: return parse_integer(text).has_value();
    case db::ParameterType::kNumber: return is_number(text);
    case db::ParameterType::kBoolean: return text == "true" || text == "false";
    case db::ParameterType::kDate: return has_shape(text, "9999-99-99");
    case db::ParameterType::kTimestamp:
      return text.size() >= 19 && has_shape(std::string_view(text).substr(0, 10), "9999-99-99");
    case db::ParameterType::kUuid: return has_shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
  }
  return false;
}

std::string_view expected(db::ParameterType type) {
  switch (type) {
    case db::ParameterType::kText: return "a text";
    case db::ParameterType::kInteger: return "an integer";
    case db::ParameterType::kNumber: return "a number";
    case db::ParameterType::kBoolean: return "true or false";
    case db::ParameterType::kDate: return "a date such as 2026-01-31";
    case db::ParameterType::kTimestamp: return "a timestamp such as 2026-01-31T12:00:00Z";
    case db::ParameterType::kUuid: return "a UUID";
  }
  return "";
}

}  // namespace

ParameterValues resolve_parameters(const project::Migration& migration, const ParameterValues& given) {
  std::vector<std::string> names;
  ParameterValues values;
  for (const auto& parameter : migration.data.parameters) {
    names.push_back(parameter.name);
    const auto found = given.find(parameter.name);
    if (found == given.end() && !parameter.default_value) {
      throw Error(Code::kUsage, fmt::format("{} needs the parameter '{}'", migration.name, parameter.name))
          .hint(fmt::format("give it with --param {}=...", parameter.name));
    }
    const std::string& value = found != given.end() ? found->second : *parameter.default_value;
    if (!is_valid(value, parameter.type)) {
      throw Error(Code::kUsage,
                  fmt::format("the value of parameter '{}' is not {}", parameter.name, expected(parameter.type)));
    }
    if (find_invalid_utf8(value))
      throw Error(Code::kUsage, fmt::format("the value of parameter '{}' is not UTF-8 text", parameter.name));
    const bool boolean = parameter.type == db::ParameterType::kBoolean;
    values[parameter.name] = boolean ? (value == "true" ? "1" : "0") : value;
  }
  for (const auto& [name, unused] : given) {
    if (values.contains(name)) continue;
    const auto near = nearest(name, names);
    throw Error(Code::kUsage, fmt::format("{} has no parameter '{}'", migration.name, name))
        .hint(near ? fmt::format("did you mean '{}'?", *near) : "");
  }
  return values;
}

db::Bindings to_bindings(const ParameterValues& values) {
  db::Bindings bindings;
  for (const auto& [name, value] : values) bindings.emplace_back(name, value);
  return bindings;
}

std::string encode_parameters(const ParameterValues& values) { return nlohmann::json(values).dump(); }

ParameterValues decode_parameters(const std::string& text) {
  const auto object = nlohmann::json::parse(text, nullptr, false);
  const bool readable = object.is_object() &&
                        std::all_of(object.begin(), object.end(), [](const auto& value) { return value.is_string(); });
  if (!readable) throw Error(Code::kLedgerCorrupt, "the parameters of a run cannot be read");
  return object.get<ParameterValues>();
}

}  // namespace weir::backfill
