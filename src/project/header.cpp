#include "project/header.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <set>

#include "base/text.hpp"
#include "sql/scanner.hpp"

namespace weir::project {
namespace {

constexpr std::int64_t kMaxBatchRows = 1'000'000;

enum class Support { kNow, kLater };

struct Key {
  std::string_view name;
  bool both_kinds;  // else data migrations only
  bool repeatable;
  Support support;
};

constexpr Key kKeys[] = {
    {"change", true, false, Support::kNow},     {"requires", true, true, Support::kNow},
    {"description", true, true, Support::kNow}, {"allow", true, true, Support::kNow},
    {"over", false, false, Support::kNow},      {"where", false, false, Support::kNow},
    {"key", false, false, Support::kNow},       {"order", false, false, Support::kNow},
    {"batch", false, false, Support::kNow},     {"param", false, true, Support::kNow},
    {"on_error", false, false, Support::kNow},  {"throttle", false, false, Support::kLater},
    {"hours", false, false, Support::kLater},   {"keep", false, false, Support::kNow},
    {"read", false, false, Support::kNow},      {"write", false, false, Support::kNow},
    {"rows", false, false, Support::kLater},    {"repeatable", true, false, Support::kNow},
};

const Key* find_key(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.name == name; });
  return found == std::end(kKeys) ? nullptr : found;
}

enum class Keys { kAll, kAvailable };

std::vector<std::string> known_keys(Kind kind, Keys which) {
  std::vector<std::string> names;
  for (const auto& key : kKeys) {
    if (!key.both_kinds && kind == Kind::kSchema) continue;
    if (which == Keys::kAll || key.support == Support::kNow) names.emplace_back(key.name);
  }
  return names;
}

[[noreturn]] void refuse(const Place& place, const std::string& message, const std::string& hint = "") {
  throw Error(Code::kInvalidFile, message).at(place).hint(hint);
}

[[noreturn]] void not_available(const Place& place, const std::string& what) {
  throw Error(Code::kNotAvailable, what + " is not available yet")
      .at(place)
      .hint("a later version of weir will have it; remove it for now");
}

bool is_name(std::string_view text) {
  const auto ok = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), ok);
}

// A condition must stay inside the parentheses that weir puts around it.
void check_condition(const HeaderLine& line, const sql::Dialect& dialect) {
  sql::Scanner scanner(line.value, dialect);
  int depth = 0;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    Place place = line.value_place;
    place.column += static_cast<int>(token.begin);
    if (scanner.problem() != sql::ScanProblem::kNone)
      refuse(place, "a string, name or comment in this condition is never closed");
    if (token.kind == sql::TokenKind::kSemicolon) refuse(place, "a condition is one expression, without ';'");
    if (token.text == "(") ++depth;
    if (token.text == ")" && --depth < 0) refuse(place, "this ')' has no '('");
  }
  if (depth > 0) refuse(line.value_place, "a '(' in this condition is never closed");
}

const std::map<std::string, db::ParameterType, std::less<>>& parameter_types() {
  static const std::map<std::string, db::ParameterType, std::less<>> kTypes = {
      {"text", db::ParameterType::kText},     {"integer", db::ParameterType::kInteger},
      {"number", db::ParameterType::kNumber}, {"boolean", db::ParameterType::kBoolean},
      {"date", db::ParameterType::kDate},     {"timestamp", db::ParameterType::kTimestamp},
      {"uuid", db::ParameterType::kUuid}};
  return kTypes;
}

// A default may stand in quotes, which are not part of it.
std::string unquoted(std::string_view text, const Place& place) {
  const char quote = text.front();
  if (text.size() < 2 || (quote != '\'' && quote != '"') || text.back() != quote) return std::string(text);
  text = text.substr(1, text.size() - 2);
  if (text.find(quote) != std::string_view::npos)
    refuse(place, fmt::format("the default holds the quote {} that stands around it", quote),
           "put the other kind of quotes around it, or none");
  return std::string(text);
}

// param: name type [default]
Parameter parse_parameter(const HeaderLine& line) {
  const std::string_view value = line.value;
  const auto name_end = std::min(value.find(' '), value.size());
  const std::string_view rest = trim(value.substr(name_end));
  const auto type_end = std::min(rest.find(' '), rest.size());
  Parameter parameter;
  parameter.name = std::string(value.substr(0, name_end));
  if (!is_name(parameter.name))
    refuse(line.value_place, fmt::format("'{}' is not a parameter name", parameter.name),
           "write `param: name type [default]`");
  if (parameter.name == "batch" || parameter.name == "range" || parameter.name.starts_with("weir_")) {
    refuse(line.value_place, fmt::format("the name '{}' is taken by weir", parameter.name), "choose another name");
  }
  const std::string type(rest.substr(0, type_end));
  const auto found = parameter_types().find(type);
  if (found == parameter_types().end()) {
    std::vector<std::string> names;
    for (const auto& [known, unused] : parameter_types()) names.push_back(known);
    const auto near = nearest(type, names);
    refuse(line.value_place,
           type.empty() ? "the parameter has no type" : fmt::format("unknown parameter type '{}'", type),
           near ? fmt::format("did you mean '{}'?", *near) : fmt::format("known types: {}", fmt::join(names, ", ")));
  }
  parameter.type = found->second;
  if (const auto fallback = trim(rest.substr(type_end)); !fallback.empty())
    parameter.default_value = unquoted(fallback, line.value_place);
  return parameter;
}

// allow: rule (reason)
void check_allow(const HeaderLine& line) {
  const auto open = line.value.find('(');
  const bool has_reason = open != std::string::npos && line.value.back() == ')' && line.value.size() > open + 2;
  std::string rule(trim(std::string_view(line.value).substr(0, has_reason ? open : 0)));
  std::replace(rule.begin(), rule.end(), '-', '_');  // rules are named like-this
  if (!is_name(rule)) {
    refuse(line.value_place, "`allow` needs the rule and a reason", "write `allow: rule-name (why it is safe here)`");
  }
}

void apply_batch(const HeaderLine& line, Migration& migration) {
  if (line.value == "auto") return;
  const auto rows = parse_integer(line.value);
  if (!rows || *rows < 1 || *rows > kMaxBatchRows) {
    refuse(line.value_place,
           fmt::format("`batch` is `auto` or a number of rows from 1 to {}, not '{}'", human_count(kMaxBatchRows),
                       line.value),
           "without it the size follows the time that batches take");
  }
  migration.data.batch_rows = *rows;
}

void apply_key(const HeaderLine& line, Migration& migration) {
  for (auto& column : split(line.value, ',')) {
    if (column.empty()) refuse(line.value_place, "an empty column name in `key`", "write `key: column, column`");
    migration.data.key.push_back(std::move(column));
  }
}

void apply_requires(const HeaderLine& line, Migration& migration) {
  std::size_t at = 0;
  for (const auto& part : split(line.value, ',')) {
    Place place = line.value_place;
    at = part.empty() ? at : line.value.find(part, at);
    place.column += static_cast<int>(at);
    if (part.empty()) refuse(place, "an empty name in `requires`", "write `requires: name_or_version, ...`");
    migration.requirements.push_back({part, place});
    at += part.size();
  }
}

// Whether the columns exist is for the catalogue to say.
void apply_columns(const HeaderLine& line, std::vector<Reference>& columns) {
  std::size_t at = 0;
  for (const auto& column : split(line.value, ',')) {
    Place place = line.value_place;
    at = column.empty() ? at : line.value.find(column, at);
    place.column += static_cast<int>(at);
    if (column.empty())
      refuse(place, fmt::format("an empty column name in `{}`", line.key),
             fmt::format("write `{}: column, column`", line.key));
    if (std::any_of(columns.begin(), columns.end(), [&](const auto& other) { return other.text == column; }))
      refuse(place, fmt::format("column {} stands twice in `{}`", column, line.key), "name it once");
    columns.push_back({column, place});
    at += column.size();
  }
}

void apply_order(const HeaderLine& line, Migration& migration) {
  if (line.value == "key") return;
  if (line.value != "heap")
    refuse(line.value_place, fmt::format("unknown value '{}' for `order`", line.value),
           "write `order: key` or, on PostgreSQL, `order: heap`");
  migration.data.heap = {line.value, line.value_place};
}

// on_error: stop | quarantine [rows]
void apply_on_error(const HeaderLine& line, Migration& migration) {
  constexpr std::string_view kQuarantine = "quarantine";
  constexpr std::int64_t kUsualBudget = 100, kMostBudget = 1'000'000;
  if (line.value == "stop") return;
  const std::string_view value = line.value;
  const auto word_end = std::min(value.find(' '), value.size());
  if (value.substr(0, word_end) != kQuarantine) {
    refuse(line.value_place, fmt::format("unknown value '{}' for `on_error`", line.value),
           "write `on_error: stop`, or `on_error: quarantine 100` with the number of rows that may fail");
  }
  const std::string_view rest = trim(value.substr(word_end));
  const auto budget = rest.empty() ? std::optional(kUsualBudget) : parse_integer(rest);
  if (!budget || *budget < 1 || *budget > kMostBudget) {
    Place place = line.value_place;
    place.column += static_cast<int>(value.find(rest, word_end));
    refuse(place,
           fmt::format("the number of rows that may fail is from 1 to {}, not '{}'", human_count(kMostBudget), rest),
           "write `on_error: quarantine 100`");
  }
  migration.data.error_budget = *budget;
}

using Apply = std::function<void(const HeaderLine&, Migration&)>;

const std::map<std::string, Apply, std::less<>>& appliers() {
  static const std::map<std::string, Apply, std::less<>> kAppliers = {
      {"change",
       [](const HeaderLine& line, Migration& m) {
         if (!is_name(line.value)) refuse(line.value_place, "a change has a plain name", "letters, digits and '_'");
         m.change = line.value;
       }},
      {"requires", apply_requires},
      {"description",
       [](const HeaderLine& line, Migration& m) { m.description += (m.description.empty() ? "" : "\n") + line.value; }},
      {"allow", [](const HeaderLine& line, Migration&) { check_allow(line); }},
      {"over",
       [](const HeaderLine& line, Migration& m) {
         m.data.over = {line.value, line.value_place};
       }},
      {"where",
       [](const HeaderLine& line, Migration& m) {
         m.data.where = {line.value, line.value_place};
       }},
      {"key", apply_key},
      {"keep", [](const HeaderLine& line, Migration& m) { apply_columns(line, m.data.keep); }},
      {"read", [](const HeaderLine& line, Migration& m) { apply_columns(line, m.data.read); }},
      {"write", [](const HeaderLine& line, Migration& m) { apply_columns(line, m.data.write); }},
      {"order", apply_order},
      {"on_error", apply_on_error},
      {"batch", apply_batch},
      {"repeatable",
       [](const HeaderLine& line, Migration& m) {
         if (m.kind == Kind::kData)
           refuse(line.key_place, "a data migration is not repeatable", "`weir run NAME --restart` runs it again");
         if (line.value != "true") refuse(line.value_place, "`repeatable` is true, or is left out");
         m.repeatable = true;
         m.version = Version("R");
       }},
      {"param", [](const HeaderLine& line, Migration& m) { m.data.parameters.push_back(parse_parameter(line)); }},
  };
  return kAppliers;
}

}  // namespace

std::optional<HeaderLine> read_header_line(std::string_view comment, const Place& place, Kind kind) {
  if (const auto key = header_key_of(comment); place.column != 1 && !key.empty()) {
    refuse(place, fmt::format("the header line `{}:` does not stand at the start of its line", key),
           "remove what stands before it");
  }
  std::string_view body = comment.substr(2);
  const std::size_t indent = body.size() - trim(body).size() == 0 ? 0 : body.find_first_not_of(" \t");
  const auto colon = body.find(':');
  if (colon == std::string_view::npos || indent == std::string_view::npos || colon < indent) return std::nullopt;
  const std::string_view word = body.substr(indent, colon - indent);
  const bool value_follows = colon + 1 == body.size() || body[colon + 1] == ' ' || body[colon + 1] == '\t';
  if (!is_name(word)) return std::nullopt;
  HeaderLine line{std::string(word), std::string(trim(body.substr(colon + 1))), place, place};
  line.key_place.column += static_cast<int>(2 + indent);
  const auto value_at = body.find_first_not_of(" \t", colon + 1);
  line.value_place.column += static_cast<int>(2 + (value_at == std::string_view::npos ? body.size() : value_at));
  const auto near = nearest(word, known_keys(kind, Keys::kAll));
  const Key* key = find_key(word);
  if (key == nullptr) {
    const bool looks_like_key =
        std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    if (!near && !(looks_like_key && value_follows)) return std::nullopt;
    if (!value_follows && !near) return std::nullopt;
    refuse(
        line.key_place, fmt::format("unknown header key '{}'", word),
        near ? fmt::format("did you mean '{}'?", *near)
             : fmt::format(
                   "known keys: {}; if it is an ordinary comment, write it without the ':' or behind the first marker",
                   fmt::join(known_keys(kind, Keys::kAvailable), ", ")));
  }
  if (!value_follows)
    refuse(line.key_place, fmt::format("a blank is missing after '{}:'", word),
           fmt::format("write `-- {}: ...`", word));
  if (!key->both_kinds && kind == Kind::kSchema) {
    refuse(line.key_place, fmt::format("'{}' belongs into a data migration", word), "data migrations stand in db/data");
  }
  if (key->support == Support::kLater) not_available(line.key_place, fmt::format("`{}:`", word));
  if (line.value.empty()) refuse(line.value_place, fmt::format("'{}' has no value", word));
  return line;
}

std::string_view header_key_of(std::string_view comment) {
  const auto colon = comment.find(':');
  if (colon == std::string_view::npos) return "";
  const std::string_view word = trim(comment.substr(2, colon - 2));
  const auto* found =
      std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return equals_icase(key.name, word); });
  return found == std::end(kKeys) ? "" : found->name;
}

void apply_header(const std::vector<HeaderLine>& lines, const sql::Dialect& dialect, Migration& migration) {
  std::set<std::string> seen;
  for (const auto& line : lines) {
    if (!seen.insert(line.key).second && !find_key(line.key)->repeatable)
      refuse(line.key_place, fmt::format("'{}' stands twice", line.key), "keep one");
    if (line.key == "where") check_condition(line, dialect);
    appliers().at(line.key)(line, migration);
  }
  std::set<std::string> parameters;
  for (const auto& parameter : migration.data.parameters) {
    if (!parameters.insert(parameter.name).second) {
      throw Error(Code::kInvalidFile, fmt::format("parameter '{}' is declared twice", parameter.name))
          .at({migration.file, 1, 1, ""});
    }
  }
}

}  // namespace weir::project
