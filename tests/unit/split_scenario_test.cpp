// The cases of tests/scenario/split: files as every engine's client and every tool reads them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "engines/languages.hpp"
#include "project/formats/format.hpp"
#include "project/source_file.hpp"
#include "support/expect_error.hpp"
#include "support/places.hpp"

namespace weir::project::formats {
namespace {

struct Scenario {
  std::string name, engine, text, error, place;
  SourceText source{"20260101000000_case.sql", "case.sql", "", {}};
  Format format = Format::kRaw;
  std::vector<std::string> up, down;
  bool transaction = true;
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name << " on " << scenario.engine; }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string bytes_of(std::string text) {
  for (const auto& [sign, bytes] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"␍", "\r"}, {"␀", std::string_view("\0", 1)}, {"⍽", "\xC2\xA0"}, {"�", "\xFF"}})
    text = replaced(std::move(text), sign, bytes);
  return text;
}

// `### Name [engine,engine format file=NAME conf=TEXT]`
std::vector<Scenario> begin_scenarios(const std::string& line) {
  const auto open = line.find('[');
  const auto words = split(line.substr(open + 1, line.find(']', open) - open - 1), ' ');
  std::vector<Scenario> scenarios;
  for (const auto& engine : split(words[0], ',')) {
    Scenario one;
    one.name = std::string(trim(line.substr(4, open - 4)));
    one.engine = engine;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].starts_with("file=")) {
        one.source.file_name = words[i].substr(5);
      } else if (words[i].starts_with("conf=")) {
        one.source.settings = words[i].substr(5);
      } else {
        one.format = format_named(words[i]);
      }
    }
    scenarios.push_back(one);
  }
  return scenarios;
}

void add_line(Scenario& one, const std::string& line, bool& answered) {
  const std::string value = line.size() > 3 ? replaced(bytes_of(line.substr(3)), "⏎", "\n") : "";
  answered = true;
  if (line.starts_with("=> ")) return one.up.push_back(value);
  if (line.starts_with("<= ")) return one.down.push_back(value);
  if (line == "tx: no") {
    one.transaction = false;
  } else if (line.starts_with("!! ")) {
    one.place = value.substr(0, value.find(' '));
    one.error = value.substr(value.find(' ') + 1);
  } else {
    answered = false;
    one.text += line + "\n";
  }
}

std::vector<Scenario> read_scenarios() {
  std::vector<Scenario> all;
  for (const char* file : {"postgres.txt", "mysql.txt", "sqlite.txt", "formats.txt"}) {
    std::ifstream in(test::source_path("tests/scenario/split/") + file);
    std::vector<Scenario> present;
    const auto flush = [&] { all.insert(all.end(), present.begin(), present.end()); };
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("### ")) {
        flush();
        present = begin_scenarios(line);
        continue;
      }
      bool answered = false;
      for (auto& one : present) add_line(one, line, answered);
    }
    flush();
  }
  // The last line end belongs to the file's layout, not to the case.
  for (auto& one : all) {
    if (!one.text.empty()) one.text.pop_back();
    one.text = bytes_of(one.text);
  }
  return all;
}

// SQL whose CRs matter is handed over as it is; the rest as a file is read.
FileContents read(const Scenario& scenario) {
  SourceText source = scenario.source;
  source.text = normalise_source(scenario.text, source.display_name);
  const Variables variables = {{"WEIR_TEST_NAME", "value"}, {"owner", "app"}};
  return read_file(scenario.format, source, variables, engines::language_of(scenario.engine).dialect);
}

std::vector<std::string> texts(const FileContents& contents, std::string_view section_name) {
  std::vector<std::string> texts;
  for (const auto& section : contents.sections) {
    if (section.name != section_name) continue;
    for (const auto& statement : section.statements) texts.push_back(statement.text);
  }
  return texts;
}

class SplitScenario : public ::testing::TestWithParam<Scenario> {};

TEST_P(SplitScenario, IsReadAsTheFileSays) {
  const Scenario& one = GetParam();
  if (!one.error.empty()) {
    const Error error = test::thrown_by([&] { read(one); });
    EXPECT_EQ(test::place_of_error(error), one.place) << error.message();
    EXPECT_NE(error.message().find(one.error), std::string::npos) << error.message();
    EXPECT_FALSE(error.hint().empty());
    EXPECT_EQ(exit_code(error.code()), 2);
    return;
  }
  const FileContents contents = read(one);
  const auto without_returns = [](std::vector<std::string> list) {
    for (auto& text : list) text = replaced(text, "\r\n", "\n");
    return list;
  };
  EXPECT_EQ(texts(contents, "up"), without_returns(one.up));
  EXPECT_EQ(texts(contents, "down"), without_returns(one.down));
  bool transaction = true;
  for (const auto& section : contents.sections)
    transaction = transaction && (section.name != "up" || section.transaction);
  EXPECT_EQ(transaction, one.transaction);
}

INSTANTIATE_TEST_SUITE_P(Cases, SplitScenario, ::testing::ValuesIn(read_scenarios()),
                         [](const auto& one) { return one.param.name + "_" + one.param.engine; });

TEST(SplitScenarios, AreThereForEveryEngineAndFormat) {
  const auto all = read_scenarios();
  const auto count = [&](auto&& matches) { return std::count_if(all.begin(), all.end(), matches); };
  for (const auto* engine : {"postgres", "mysql", "mariadb", "sqlite"})
    EXPECT_GE(count([&](const auto& one) { return one.engine == engine; }), 10) << engine;
  for (const auto format : {Format::kDbmate, Format::kGoose, Format::kGolangMigrate, Format::kSqlx, Format::kTern,
                            Format::kGraphileMigrate, Format::kAtlas, Format::kFlyway, Format::kLiquibase})
    EXPECT_GE(count([&](const auto& one) { return one.format == format; }), 2) << to_string(format);
}

}  // namespace
}  // namespace weir::project::formats
