#include "migrate/diff.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace weir::migrate {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string line_diff(std::string_view applied, std::string_view now, std::size_t max_lines) {
  const auto a = lines_of(applied);
  const auto b = lines_of(now);
  // What both begin and end with is left out; between them stand the changed lines. Enough for a person to see what was
  // edited.
  const auto shared_head =
      static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  std::size_t tail = 0;
  while (tail < a.size() - shared_head && tail < b.size() - shared_head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  std::vector<std::string> out;
  if (shared_head > 0) out.push_back(fmt::format("  {}", a[shared_head - 1]));
  for (std::size_t i = shared_head; i < a.size() - tail; ++i) out.push_back(fmt::format("- {}", a[i]));
  for (std::size_t i = shared_head; i < b.size() - tail; ++i) out.push_back(fmt::format("+ {}", b[i]));
  if (tail > 0) out.push_back(fmt::format("  {}", a[a.size() - tail]));
  const std::size_t hidden = out.size() > max_lines ? out.size() - max_lines : 0;
  out.resize(out.size() - hidden);
  if (hidden > 0) out.push_back(fmt::format("  ... {} more lines", hidden));
  return fmt::format("{}", fmt::join(out, "\n"));
}

}  // namespace weir::migrate
