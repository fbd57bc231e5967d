// The version of a migration: digits, ordered as a number (2 before 10), compared without leading zeros.
#pragma once

#include <compare>
#include <string>

namespace weir::project {

class Version {
 public:
  Version() = default;
  explicit Version(std::string digits) : digits_(std::move(digits)) {}

  const std::string& text() const { return digits_; }

  // Without leading zeros: how the ledger stores it, so that 007 and 7 are one migration.
  std::string key() const { return std::string(significant()); }

  friend std::strong_ordering operator<=>(const Version& a, const Version& b) {
    const auto x = a.significant();
    const auto y = b.significant();
    if (x.size() != y.size()) return x.size() <=> y.size();
    return x.compare(y) <=> 0;
  }
  friend bool operator==(const Version& a, const Version& b) { return std::is_eq(a <=> b); }

 private:
  std::string_view significant() const {
    const auto first = digits_.find_first_not_of('0');
    return first == std::string::npos ? std::string_view("0") : std::string_view(digits_).substr(first);
  }
  std::string digits_;
};

}  // namespace weir::project
