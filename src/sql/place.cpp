#include "sql/place.hpp"

#include <algorithm>

namespace weir::sql {

void Places::advance_to(std::size_t offset) {
  for (; at_ < offset; ++at_) {
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
  }
}

Place Places::at(std::size_t offset) {
  offset = std::min(offset, text_.size());
  advance_to(offset);
  const auto before = text_.rfind('\n', offset == 0 ? 0 : offset - 1);
  const std::size_t begin = offset == 0 || before == std::string_view::npos ? 0 : before + 1;
  const auto end = text_.find('\n', offset);
  std::string line(text_.substr(begin, end == std::string_view::npos ? end : end - begin));
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return {file_, line_, column_, std::move(line)};
}

Place place_of(std::string_view text, std::size_t offset, const Origin& origin) {
  return Places(text, origin).at(offset);
}

}  // namespace weir::sql
