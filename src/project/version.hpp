// The version of a migration: digits, ordered as a number (2 before 10), compared without leading zeros. Flyway's have
// parts, 1.2.3 or 1_2_3: they are compared one after the other, and parts of zero at the end do not count.
#pragma once

#include <algorithm>
#include <compare>
#include <string>
#include <string_view>

namespace weir::project {

class Version {
 public:
  Version() = default;
  explicit Version(std::string text);

  const std::string& text() const { return text_; }

  // Without leading zeros: how the ledger stores it, so that 007 and 7 are one migration.
  std::string key() const {
    std::string key;
    std::size_t behind_last = 0;  // behind the last part that is not zero
    for (std::string_view rest = text_; !rest.empty();) {
      const std::string_view part = next_part(rest);
      key += (key.empty() ? "" : ".") + (part.empty() ? std::string("0") : std::string(part));
      if (!part.empty()) behind_last = key.size();
    }
    return behind_last == 0 ? "0" : key.substr(0, behind_last);
  }

  friend std::strong_ordering operator<=>(const Version& a, const Version& b) {
    if (a.plain_ && b.plain_) {
      if (a.text_.size() != b.text_.size()) return a.text_.size() <=> b.text_.size();
      return a.text_.compare(b.text_) <=> 0;
    }
    std::string_view x = a.text_, y = b.text_;
    while (!x.empty() || !y.empty()) {
      const auto part_of_x = next_part(x), part_of_y = next_part(y);
      if (part_of_x.size() != part_of_y.size()) return part_of_x.size() <=> part_of_y.size();
      if (const auto order = part_of_x.compare(part_of_y); order != 0) return order <=> 0;
    }
    return std::strong_ordering::equal;
  }
  friend bool operator==(const Version& a, const Version& b) { return std::is_eq(a <=> b); }

 private:
  // Takes the first part off `rest`; without leading zeros, so that zero is empty.
  static std::string_view next_part(std::string_view& rest) {
    const std::size_t end = std::min(rest.find_first_of("._"), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part.substr(std::min(part.find_first_not_of('0'), part.size()));
  }
  std::string text_;
  bool plain_ = true;  // one part without leading zeros: what nearly all versions are
};

}  // namespace weir::project
