#include "adopt/settings.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::adopt {
namespace {

// As a TOML string.
std::string quoted(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return '"' + escaped + '"';
}

}  // namespace

std::string with_settings(const std::string& toml, const project::Config::Adopted& adopted) {
  std::istringstream lines(toml);
  std::string result;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (const auto text = trim(line); text.starts_with("[")) inside = text.starts_with("[adopt]");
    if (!inside) result += line + "\n";
  }
  while (result.ends_with("\n\n")) result.pop_back();
  if (!result.empty()) result += "\n";
  return result + fmt::format("[adopt]\nformat = {}\nfolder = {}\nkeep_history = {}\n", quoted(adopted.tool),
                              quoted(adopted.folder), adopted.keep_history);
}

void write_settings(const project::Config& config, const project::Config::Adopted& adopted) {
  const auto path = config.root / "weir.toml", fresh = config.root / "weir.toml.new";
  std::ifstream in(path, std::ios::binary);
  const std::string before{std::istreambuf_iterator<char>(in), {}};
  const std::string after = with_settings(before, adopted);
  if (after == before) return;
  std::ofstream out(fresh, std::ios::binary);
  out << after;
  std::error_code error;
  if (out.flush()) std::filesystem::rename(fresh, path, error);
  if (!out || error)
    throw Error(Code::kConfig, "cannot write weir.toml").hint("add to it:\n" + with_settings("", adopted));
}

}  // namespace weir::adopt
