// Plays the scenarios of tests/scenario/deploy, whose README tells what the lines mean.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "base/text.hpp"
#include "support/database_test.hpp"
#include "support/places.hpp"

namespace weir::test {
namespace {

struct Step {
  std::string place;  // "order.txt:12"
  std::string line;
  std::vector<std::string> block;  // what is indented below
};

struct Scenario {
  std::string name;
  std::vector<std::string> engines;
  std::vector<Step> steps;
};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::vector<std::string> engines_of(const std::string& list) {
  if (list == "all") return every_engine();
  std::vector<std::string> engines;
  for (const auto& word : split(list, ',')) {
    if (word == "mysql") {
      for (const auto& one : mysql_engines()) engines.push_back(one);
    } else {
      engines.push_back(word);
    }
  }
  return engines;
}

std::vector<Scenario> read_file(const std::filesystem::path& path) {
  std::vector<Scenario> scenarios;
  std::ifstream in(path);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string place = path.filename().string() + ":" + std::to_string(++number);
    if (line.starts_with("### ")) {
      const auto open = line.find(" [");
      scenarios.push_back({line.substr(4, open - 4), engines_of(line.substr(open + 2, line.find(']') - open - 2)), {}});
    } else if (line.starts_with("    ")) {
      scenarios.back().steps.back().block.push_back(line.substr(4));
    } else if (!line.empty() && !line.starts_with('#')) {
      scenarios.back().steps.push_back({place, line, {}});
    }
  }
  return scenarios;
}

const std::map<std::string, Scenario>& scenarios() {
  static const auto all = [] {
    std::map<std::string, Scenario> found;
    for (const auto& file : std::filesystem::directory_iterator(source_path("tests/scenario/deploy"))) {
      if (file.path().extension() != ".txt") continue;
      for (auto& one : read_file(file.path())) {
        const std::string name = one.name;
        if (!found.emplace(name, std::move(one)).second) throw std::runtime_error("two scenarios are named " + name);
      }
    }
    return found;
  }();
  return all;
}

std::vector<std::string> engines_and_names() {
  std::vector<std::string> all;
  for (const auto& [name, scenario] : scenarios()) {
    for (const auto& engine : scenario.engines) all.push_back(engine + "/" + name);
  }
  return all;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

class DeployScenario : public DatabaseTest {
 protected:
  void play(const std::vector<Step>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Step& step = steps[i];
      SCOPED_TRACE(step.place + ": " + step.line);
      if (step.line.starts_with("$ ")) {
        const bool told = i + 1 < steps.size() && steps[i + 1].line.starts_with("= ");
        run_programs(step, told ? std::stoi(steps[i + 1].line.substr(2)) : 0);
        if (told) ++i;
      } else {
        perform(step);
      }
      if (HasFatalFailure()) return;
    }
  }

 private:
  void perform(const Step& step) {
    const auto argument = [&](std::string_view verb) { return step.line.substr(verb.size()); };
    if (step.line.starts_with("file ")) {
      project().write(argument("file "), bytes_of(joined(step.block)));
    } else if (step.line.starts_with("remove ")) {
      std::filesystem::remove(project().path() / argument("remove "));
    } else if (step.line == "sql") {
      exec(joined(step.block));
    } else if (step.line == "hold") {
      holder_ = connect();
      holder_->begin();
      holder_->execute_text(joined(step.block));
    } else if (step.line == "release") {
      holder_.reset();
    } else if (step.line.starts_with("? ")) {
      EXPECT_EQ(query(argument("? ")) + "\n", step.block.empty() ? "\n" : joined(step.block));
    } else {
      FAIL() << "this line is not understood";
    }
  }

  void run_programs(const Step& step, int exit_code) {
    std::vector<std::unique_ptr<ChildProcess>> running;
    for (std::string rest = step.line.substr(2); !rest.empty();) {
      const auto end = std::min(rest.find(" || "), rest.size());
      auto words = split(bytes_of(rest.substr(0, end)), ' ');
      ASSERT_EQ(words.at(0), "weir");
      words.erase(words.begin());
      running.push_back(start_weir(words));
      rest.erase(0, end + 4);
    }
    for (const auto& one : running) {
      const Ended ended = one->wait();
      const std::string said = ended.out + ended.err;
      EXPECT_EQ(ended.exit_code, exit_code) << said;
      for (const auto& line : step.block) {
        const bool absent = line.starts_with("! ");
        const bool found = said.find(absent ? line.substr(2) : line) != std::string::npos;
        EXPECT_NE(found, absent) << "'" << line << "' in:\n" << said;
      }
    }
  }

  std::string bytes_of(std::string text) const {
    text = replaced(replaced(std::move(text), "␍", "\r"), "␀", std::string_view("\0", 1));
    return replaced(replaced(std::move(text), "\\uFEFF", "\xEF\xBB\xBF"), "$URL", url());
  }

  std::unique_ptr<db::Connection> holder_;
};

TEST_P(DeployScenario, EndsAsTheFileSays) { play(scenarios().at(GetParam().substr(GetParam().find('/') + 1)).steps); }

INSTANTIATE_TEST_SUITE_P(Of, DeployScenario, ::testing::ValuesIn(engines_and_names()),
                         [](const auto& one) { return replaced(one.param, "/", "_"); });

}  // namespace
}  // namespace weir::test
