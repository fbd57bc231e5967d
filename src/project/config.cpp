#include "project/config.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <sstream>
#define TOML_HEADER_ONLY 0
#include <toml++/toml.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "project/source_file.hpp"

namespace weir::project {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "weir.toml";

// The nearest folder upwards that holds weir.toml; else `directory`.
fs::path find_root(const fs::path& directory) {
  for (fs::path folder = directory;; folder = folder.parent_path()) {
    if (fs::exists(folder / kFileName)) return folder;
    if (folder == folder.parent_path()) return directory;
  }
}

class TomlReader {
 public:
  TomlReader(const std::string& text, Config& config) : text_(text), config_(config) {}

  void read() {
    toml::table table;
    try {
      table = toml::parse(std::string_view(text_), std::string_view(kFileName));
    } catch (const toml::parse_error& error) {
      fail_to_parse(error);
    }
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (name == "url") {
        config_.url = string_of(name, node);
        config_.url_source = kFileName;
      } else if (name == "inline_rows") {
        config_.inline_rows = rows_of(name, node);
      } else if (name == "keep_days") {
        config_.keep_days = days_of(name, node);
      } else if (name == "lock_timeout") {
        config_.lock_timeout = duration_of(name, node);
      } else if (name == "lock_budget") {
        config_.lock_budget = duration_of(name, node);
      } else if (name == "out_of_order") {
        config_.out_of_order = choice_of(name, node) ? Config::OutOfOrder::kApply : Config::OutOfOrder::kRefuse;
      } else if (name == "statement_timeout") {
        config_.statement_timeout = duration_of(name, node);
      } else if (name == "paths") {
        read_paths(node);
      } else if (name == "dump") {
        read_dump(node);
      } else if (name == "adopt") {
        read_adopt(node);
      } else {
        unknown(key, name,
                {"url", "inline_rows", "keep_days", "lock_timeout", "lock_budget", "statement_timeout", "out_of_order",
                 "paths", "dump", "adopt"});
      }
    }
  }

 private:
  void read_paths(const toml::node& node) {
    const auto* paths = node.as_table();
    if (paths == nullptr) fail(node.source(), "paths is a table", "write [paths] on a line of its own");
    for (const auto& [key, value] : *paths) {
      const std::string name(key.str());
      if (name == "schema") {
        config_.schema_folder = string_of(name, value);
      } else if (name == "data") {
        config_.data_folder = string_of(name, value);
      } else {
        unknown(key, "paths." + name, {"paths.schema", "paths.data"});
      }
    }
  }

  void read_dump(const toml::node& node) {
    const auto* dump = node.as_table();
    if (dump == nullptr) fail(node.source(), "dump is a table", "write [dump] on a line of its own");
    for (const auto& [key, value] : *dump) {
      const std::string name(key.str());
      if (name == "file") {
        config_.dump_file = string_of("dump.file", value);
      } else if (name == "after_migrate") {
        config_.dump_after_migrate = switch_of("dump.after_migrate", value);
      } else {
        unknown(key, "dump." + name, {"dump.file", "dump.after_migrate"});
      }
    }
  }

  void read_adopt(const toml::node& node) {
    const auto* adopt = node.as_table();
    if (adopt == nullptr) fail(node.source(), "adopt is a table", "write [adopt] on a line of its own");
    Config::Adopted adopted;
    for (const auto& [key, value] : *adopt) {
      const std::string name(key.str());
      if (name == "format") {
        adopted.tool = string_of("adopt.format", value);
      } else if (name == "folder") {
        adopted.folder = string_of("adopt.folder", value);
      } else if (name == "keep_history") {
        adopted.keep_history = switch_of("adopt.keep_history", value);
      } else {
        unknown(key, "adopt." + name, {"adopt.format", "adopt.folder", "adopt.keep_history"});
      }
    }
    if (adopted.tool.empty() || adopted.folder.empty())
      fail(node.source(), "[adopt] needs format and folder", "`weir adopt` writes them");
    config_.adopted = std::move(adopted);
  }

  bool switch_of(const std::string& name, const toml::node& node) {
    const auto value = node.value_exact<bool>();
    if (!value) fail(node.source(), fmt::format("{} is true or false, without quotes", name));
    return *value;
  }

  std::string string_of(const std::string& name, const toml::node& node) {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) fail(node.source(), fmt::format("{} is a text in quotes", name));
    return *value;
  }

  // True for "apply".
  bool choice_of(const std::string& name, const toml::node& node) {
    const auto value = node.value_exact<std::string>();
    if (!value || (*value != "apply" && *value != "refuse"))
      fail(node.source(), fmt::format("{} is \"apply\" or \"refuse\"", name));
    return *value == "apply";
  }

  std::int64_t rows_of(const std::string& name, const toml::node& node) {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 0) fail(node.source(), fmt::format("{} is a number of rows, 0 or more", name));
    return *value;
  }

  std::int64_t days_of(const std::string& name, const toml::node& node) {
    constexpr std::int64_t kMost = 36'500;
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < 1 || *value > kMost)
      fail(node.source(), fmt::format("{} is a number of days from 1 to {}", name, human_count(kMost)),
           "leave it out to keep them until they are discarded");
    return *value;
  }

  Milliseconds duration_of(const std::string& name, const toml::node& node) {
    const auto text = node.value_exact<std::string>();
    const auto ms = text ? parse_timeout_ms(*text) : std::nullopt;
    if (!ms) fail(node.source(), fmt::format("{} is a duration from 1ms to 24h in quotes, such as \"2s\"", name));
    return Milliseconds(*ms);
  }

  [[noreturn]] void unknown(const toml::key& key, const std::string& name, const std::vector<std::string>& known) {
    const auto near = nearest(name, known);
    fail(key.source(), fmt::format("unknown key '{}'", name),
         near ? fmt::format("did you mean '{}'?", *near) : fmt::format("known keys: {}", fmt::join(known, ", ")));
  }

  // The parser's own words may quote what it read.
  [[noreturn]] void fail_to_parse(const toml::parse_error& error) {
    if (place_of(error.source()).line_text.empty())
      fail(error.source(), "this line is not TOML", "write it as key = \"value\"; the line is not shown");
    fail(error.source(), std::string(error.description()));
  }

  [[noreturn]] void fail(const toml::source_region& region, const std::string& message, const std::string& hint = "") {
    throw Error(Code::kConfig, message).at(place_of(region)).hint(hint);
  }

  // With the line itself, unless it may hold the password of a URL.
  Place place_of(const toml::source_region& region) {
    Place place{kFileName, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column), ""};
    std::istringstream lines(text_);
    for (int i = 0; i < place.line; ++i) std::getline(lines, place.line_text);
    const std::string lower = to_lower(place.line_text);
    for (const auto* sign : {"url", "://", "@", "pass"}) {
      if (lower.find(sign) != std::string::npos) place.line_text.clear();
    }
    return place;
  }

  const std::string& text_;
  Config& config_;
};

// Without quotes and without the comment behind the value.
std::string_view dotenv_value(std::string_view text) {
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const auto close = text.find(text.front(), 1);
    if (close != std::string_view::npos) {
      const std::string_view rest = trim(text.substr(close + 1));
      if (rest.empty() || rest.front() == '#') return text.substr(1, close - 1);
    }
  }
  return trim(text.substr(0, text.find(" #")));
}

}  // namespace

std::map<std::string, std::string> parse_dotenv(std::string_view text, const std::string& display_name) {
  std::map<std::string, std::string> values;
  int number = 0;
  for (const auto& raw : split(text, '\n')) {
    ++number;
    std::string_view line = raw;
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      // The line itself may hold a secret: it is not shown.
      throw Error(Code::kConfig, "this line is not KEY=value").at({display_name, number, 1, ""});
    }
    values[std::string(trim(line.substr(0, equals)))] = std::string(dotenv_value(trim(line.substr(equals + 1))));
  }
  return values;
}

Config load_config(const fs::path& directory, const std::optional<std::string>& url_option) {
  Config config;
  config.root = find_root(fs::absolute(directory / "").lexically_normal().parent_path());
  if (const char* url = std::getenv("DATABASE_URL"); url != nullptr && *url != '\0') {
    config.url = url;
    config.url_source = "DATABASE_URL";
  }
  if (fs::exists(config.root / ".env")) {
    const auto values = parse_dotenv(read_source(config.root / ".env", ".env"), ".env");
    if (const auto url = values.find("DATABASE_URL"); url != values.end() && !url->second.empty()) {
      config.url = url->second;
      config.url_source = ".env";
    }
  }
  if (fs::exists(config.root / kFileName)) {
    const std::string text = read_source(config.root / kFileName, kFileName);
    TomlReader(text, config).read();
  }
  if (url_option) {
    config.url = url_option;
    config.url_source = "--url";
  }
  return config;
}

}  // namespace weir::project
