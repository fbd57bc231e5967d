#include "engines/postgres/dump_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/postgres/constant_arrays.hpp"
#include "engines/postgres/dialect.hpp"
#include "sql/scanner.hpp"

namespace weir::engines::postgres {
namespace {

// The comment before each object: "-- Name: users; Type: TABLE; Schema: public; Owner: -"
struct Heading {
  std::string name, type, schema;
  std::size_t begin = 0;  // of the comment
  std::size_t end = 0;    // behind it
};

constexpr std::string_view kName = "-- Name: ", kType = "; Type: ", kSchema = "; Schema: ", kOwner = "; Owner: ";
constexpr std::string_view kLastLine = "-- PostgreSQL database dump complete";
constexpr std::string_view kRule = "--";
constexpr std::string_view kAccessMethod = "SET default_table_access_method = ",
                           kTablespace = "SET default_tablespace = ";
constexpr std::string_view kUsualAccessMethod = "heap;";

std::optional<Heading> read_heading(const sql::Token& token) {
  if (!token.text.starts_with(kName)) return std::nullopt;
  // From behind: a name may hold anything, what follows it may not.
  const auto owner = token.text.rfind(kOwner);
  const auto schema = token.text.rfind(kSchema, owner);
  const auto type = token.text.rfind(kType, schema);
  if (owner == std::string_view::npos || schema == std::string_view::npos || type == std::string_view::npos)
    return std::nullopt;
  const auto between = [&](std::size_t begin, std::string_view mark, std::size_t end) {
    return std::string(token.text.substr(begin + mark.size(), end - begin - mark.size()));
  };
  return Heading{between(0, kName, type), between(type, kType, schema), between(schema, kSchema, owner), token.begin,
                 token.end()};
}

// By the scanner, because a function's body or a string may hold a line that looks like a heading.
std::vector<Heading> find_headings(std::string_view text) {
  std::vector<Heading> headings;
  sql::Scanner scanner(text, dialect());
  bool complete = false;
  for (sql::Token token = scanner.next(); token.kind != sql::TokenKind::kEnd; token = scanner.next()) {
    if (token.kind != sql::TokenKind::kLineComment) continue;
    if (auto heading = read_heading(token)) headings.push_back(std::move(*heading));
    if (token.text != kLastLine) continue;
    headings.push_back({"", "", "", token.begin, token.end()});
    complete = true;
    break;
  }
  if (!complete) throw Error(Code::kDatabase, "pg_dump did not write a complete dump");
  return headings;
}

// Without the "--" above the next heading and the one below its own.
std::string_view body_between(std::string_view text, std::size_t begin, std::size_t end) {
  std::string_view body = trim(text.substr(begin, end - begin));
  if (body == kRule) return {};
  if (body.starts_with("--\n")) body = trim(body.substr(kRule.size()));
  if (body.ends_with("\n--")) body = trim(body.substr(0, body.size() - kRule.size()));
  return body;
}

std::string_view last_line(std::string_view text) {
  const auto line_end = text.rfind('\n');
  return line_end == std::string_view::npos ? text : text.substr(line_end + 1);
}

// pg_dump sets what the next object needs at the end of the one before. `access_method` is the present one; returns the
// statement that changes it for the next object, if one does.
std::string take_settings(std::string_view& body, std::string& access_method) {
  std::string for_next;
  for (std::string_view line = last_line(body);; line = last_line(body)) {
    if (line.starts_with(kAccessMethod)) {
      const std::string wanted(line.substr(kAccessMethod.size()));
      if (wanted != access_method) for_next = std::string(line) + "\n";
      access_method = wanted;
    } else if (!line.starts_with(kTablespace)) {
      return for_next;
    }
    body = trim(body.substr(0, body.size() - line.size()));
  }
}

// What every database has, what depends on the version of an installed package, and what holds a password.
bool is_left_out(const Heading& heading) {
  if (heading.type == "SCHEMA") return heading.name == "public";
  if (heading.type == "COMMENT") return heading.name.starts_with("EXTENSION ") || heading.name == "SCHEMA public";
  return heading.type == "USER MAPPING";
}

// Objects of these kinds do not depend on one another, and pg_dump puts those of one name in the order of their making.
void sort_equals(std::vector<db::DumpedObject>& objects) {
  for (const std::string_view kind : {"FK CONSTRAINT ", "CHECK CONSTRAINT "}) {
    const auto is_one = [&](const db::DumpedObject& object) { return object.title.starts_with(kind); };
    for (auto begin = std::find_if(objects.begin(), objects.end(), is_one); begin != objects.end();) {
      const auto end = std::find_if_not(begin, objects.end(), is_one);
      std::stable_sort(begin, end, [](const auto& a, const auto& b) { return a.title < b.title; });
      begin = std::find_if(end, objects.end(), is_one);
    }
  }
}

}  // namespace

std::vector<db::DumpedObject> read_dump(std::string_view text) {
  const auto headings = find_headings(text);
  std::vector<db::DumpedObject> objects;
  std::string access_method(kUsualAccessMethod);
  std::string_view preamble = trim(text.substr(0, headings.front().begin));
  if (preamble.ends_with("\n--")) preamble = trim(preamble.substr(0, preamble.size() - kRule.size()));
  std::string settings = take_settings(preamble, access_method);
  for (std::size_t i = 0; i + 1 < headings.size(); ++i) {
    const Heading& heading = headings[i];
    std::string_view body = body_between(text, heading.end, headings[i + 1].begin);
    const std::string for_next = take_settings(body, access_method);
    if (!is_left_out(heading) && !body.empty()) {
      const std::string schema = heading.schema == "-" ? "" : heading.schema + ".";
      objects.push_back(
          {fmt::format("{} {}{}", heading.type, schema, heading.name), settings + spell_constant_arrays(body)});
      settings.clear();
    }
    if (!for_next.empty()) settings = for_next;
  }
  sort_equals(objects);
  return objects;
}

}  // namespace weir::engines::postgres
