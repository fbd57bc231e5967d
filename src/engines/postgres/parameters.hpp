// Values of one statement's parameters in the form libpq sends. Buffers are kept, so that the next use allocates
// nothing. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "db/value.hpp"

namespace weir::engines::postgres {

class Parameters {
 public:
  explicit Parameters(std::size_t count) : pointers_(count), slots_(count) {}
  explicit Parameters(const db::Row& values);

  // Text is not copied: `value` must stay until the statement is sent.
  // Errors: kDataError for text with a zero byte, which PostgreSQL cannot hold.
  void set(std::size_t index, const db::Value& value);
  void set(std::size_t index, std::int64_t value);

  int count() const { return static_cast<int>(pointers_.size()); }
  const char* const* values() const { return pointers_.data(); }

 private:
  struct Slot {
    std::array<char, 32> number;
    std::string hex;
  };
  std::vector<const char*> pointers_;
  std::vector<Slot> slots_;
};

}  // namespace weir::engines::postgres
