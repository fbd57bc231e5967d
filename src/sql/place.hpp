// Byte offsets of a text -> lines and columns of the user's file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace weir::sql {

// Where a text stands in a user's file.
struct Origin {
  std::string file;
  int line = 1;
  int column = 1;
};

// The places of growing offsets, in one pass over the text, which must outlive it.
class Places {
 public:
  Places(std::string_view text, Origin origin)
      : text_(text), file_(std::move(origin.file)), line_(origin.line), column_(origin.column) {}

  // `offset` is not smaller than at the last call.
  void advance_to(std::size_t offset);
  int line() const { return line_; }
  int column() const { return column_; }
  // The same with the line itself.
  Place at(std::size_t offset);

 private:
  std::string_view text_;
  std::string file_;
  std::size_t at_ = 0;
  int line_;
  int column_;
};

// The place of byte `offset` of `text`, which begins at `origin` in its file. A walk over the text: for single places.
Place place_of(std::string_view text, std::size_t offset, const Origin& origin);

}  // namespace weir::sql
