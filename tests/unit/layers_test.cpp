// Invariant of the structure (DESIGN.md section 6): a file includes only downward. The order is tools/layers.txt.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "support/places.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = weir::test::source_path("");

std::vector<std::string> read_layers() {
  std::ifstream in(kRoot / "tools/layers.txt");
  std::vector<std::string> layers;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') layers.push_back(line);
  }
  return layers;
}

// The longest layer that holds the path: "engines/sqlite/x.hpp" -> "engines/sqlite".
std::optional<std::size_t> layer_of(const std::vector<std::string>& layers, const std::string& path) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (path.starts_with(layers[i] + "/") && (!found || layers[i].size() > layers[*found].size())) found = i;
  }
  return found;
}

struct Include {
  std::string file;  // relative to src/
  int line;
  std::string path;
};

std::vector<Include> read_includes() {
  std::vector<Include> includes;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
    const auto extension = entry.path().extension();
    if (extension != ".hpp" && extension != ".cpp") continue;
    const std::string file = fs::relative(entry.path(), kRoot / "src").string();
    std::ifstream in(entry.path());
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const std::string head = "#include \"";
      if (line.starts_with(head))
        includes.push_back({file, number, line.substr(head.size(), line.find('"', head.size()) - head.size())});
    }
  }
  return includes;
}

// What is wrong with an include; "" when nothing is.
std::string judge(const std::vector<std::string>& layers, const Include& include) {
  const auto from = layer_of(layers, include.file);
  const auto to = layer_of(layers, include.path);
  if (!from) return "the file stands in no layer of tools/layers.txt";
  if (!to) return "\"" + include.path + "\" is in no layer; write the path from src/";
  if (*to > *from) return layers[*from] + " includes upward from " + layers[*to];
  const bool one_engine = layers[*to].starts_with("engines/");
  if (one_engine && *from != *to && layers[*from] != "engines") return layers[*from] + " names an engine";
  return "";
}

TEST(Layers, IncludeDownwardOnlyAndEnginesAreNamedByEnginesAlone) {
  const auto layers = read_layers();
  const auto includes = read_includes();
  ASSERT_GE(layers.size(), 10U);
  ASSERT_GE(includes.size(), 100U);
  for (const auto& include : includes) {
    EXPECT_EQ(judge(layers, include), "") << "src/" << include.file << ":" << include.line;
  }
}

TEST(Layers, AreTheFoldersThatExist) {
  for (const auto& layer : read_layers()) EXPECT_TRUE(fs::is_directory(kRoot / "src" / layer)) << layer;
}

TEST(Layers, AreJudgedRightly) {
  const std::vector<std::string> layers = {"base", "engines/a", "engines/b", "engines", "cli"};
  EXPECT_EQ(judge(layers, {"cli/x.cpp", 1, "base/y.hpp"}), "");
  EXPECT_EQ(judge(layers, {"engines/r.cpp", 1, "engines/a/y.hpp"}), "");
  EXPECT_NE(judge(layers, {"base/x.cpp", 1, "cli/y.hpp"}), "");
  EXPECT_NE(judge(layers, {"cli/x.cpp", 1, "engines/a/y.hpp"}), "");
  EXPECT_NE(judge(layers, {"engines/b/x.cpp", 1, "engines/a/y.hpp"}), "");
  EXPECT_NE(judge(layers, {"cli/x.cpp", 1, "y.hpp"}), "");
}

// The vendor's headers are an engine's own business (house rule 10).
TEST(Layers, DriversAreIncludedByTheirEngineAlone) {
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
    const std::string file = fs::relative(entry.path(), kRoot / "src").string();
    if (!entry.is_regular_file() || file.starts_with("engines/")) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      if (!line.starts_with("#include <")) continue;
      EXPECT_EQ(line.find("libpq"), std::string::npos) << file;
      EXPECT_EQ(line.find("sqlite3"), std::string::npos) << file;
    }
  }
}

// What a user's compiler sees of weir: no part of it but include/weir, and of others only the standard library.
TEST(Layers, PublicHeadersIncludeEachOtherAndTheStandardLibraryAlone) {
  std::size_t headers = 0;
  for (const auto& entry : fs::directory_iterator(kRoot / "include/weir")) {
    ++headers;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      if (!line.starts_with("#include")) continue;
      const bool standard = line.starts_with("#include <") && line.find_first_of("/.") == std::string::npos;
      EXPECT_TRUE(standard || line.starts_with("#include <weir/")) << entry.path() << ": " << line;
    }
  }
  EXPECT_GE(headers, 8U);
}

// All others meet them as values; a layer that knew Project would turn the structure over.
TEST(Layers, TheFacadeIsIncludedByTheLibraryAlone) {
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "src")) {
    const std::string file = fs::relative(entry.path(), kRoot / "src").string();
    if (!entry.is_regular_file() || file.starts_with("api/")) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);)
      EXPECT_FALSE(line.starts_with("#include <weir/project.hpp>") || line.starts_with("#include <weir/weir.hpp>"))
          << file;
  }
}

}  // namespace
