// Row programs in C++: a function that computes the new values of one row, for what SQL cannot compute.
//
// A data migration says which rows, which columns the function reads and which it writes:
//
//   -- over: books
//   -- where: isbn13 IS NULL
//   -- read: isbn10
//   -- write: isbn13
//   -- migrate:each program:registered
//
// and the program registers the function under the migration's name, before it runs it:
//
//   project.register_row_program("fill_isbn13", [](const weir::RowView& row) -> weir::NewValues {
//     return {{isbn13_of(row.text("isbn10"))}};
//   });
//
// Threads: a function is called from all workers at once; it must be thread-safe.
//
// Exactly once: rows are computed outside any transaction and written in that of the batch, if they still are what was
// read; else they are computed again, under row locks if that happens twice. So a function may be called more than once
// for a row, and what it does beside computing (a mail, a counter) may happen more than once; what it returns is
// written once. It must depend on the row alone, and must not write to the table.
//
// Errors: an exception is an error of that row. It fails the run, or sets the row aside with `on_error: quarantine`;
// the text of what() is shown and kept in the ledger, so it should hold no secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <weir/export.hpp>
#include <weir/value.hpp>

namespace weir {

// One row, as its program sees it: the columns of `read`, in that order. A view: it lives as long as the call.
class WEIR_API RowView {
 public:
  // As many values as columns. For tests of your own functions, too.
  RowView(const std::vector<std::string>& columns, const std::vector<Value>& values)
      : columns_(columns), values_(values) {}

  // By position, from 0. Undefined behind the last.
  std::size_t size() const { return values_.size(); }
  const Value& operator[](std::size_t position) const { return values_[position]; }
  // By name, as it is written in `read`. Errors, also of all that follows: kNotFound.
  const Value& operator[](std::string_view column) const;

  bool is_null(std::string_view column) const { return weir::is_null((*this)[column]); }
  // What the column holds as the type that the function needs, on every engine. Errors: kDataError when it is NULL or
  // no such value.
  std::int64_t integer(std::string_view column) const;
  double number(std::string_view column) const;
  std::string text(std::string_view column) const;   // of anything but bytes
  std::string bytes(std::string_view column) const;  // of bytes or text

 private:
  const std::vector<std::string>& columns_;
  const std::vector<Value>& values_;
};

// The values of `write`, in that order; nothing: the row stays as it is.
using NewValues = std::optional<std::vector<Value>>;
using RowFunction = std::function<NewValues(const RowView& row)>;

}  // namespace weir
