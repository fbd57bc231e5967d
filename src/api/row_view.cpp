#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <weir/error.hpp>
#include <weir/row_program.hpp>

#include "db/value.hpp"

namespace weir {
namespace {

[[noreturn]] void refuse(std::string_view column, std::string_view type) {
  throw Error(Code::kDataError, fmt::format("column {} holds no {}", column, type));
}

}  // namespace

const Value& RowView::operator[](std::string_view column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found != columns_.end()) return values_[static_cast<std::size_t>(found - columns_.begin())];
  throw Error(Code::kNotFound, fmt::format("the row program does not read column {}", column))
      .hint(fmt::format("`read:` of the migration names {}", fmt::join(columns_, ", ")));
}

std::int64_t RowView::integer(std::string_view column) const {
  if (const auto value = db::parse_integer((*this)[column])) return *value;
  refuse(column, "integer");
}

double RowView::number(std::string_view column) const {
  const Value& value = (*this)[column];
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* text = std::get_if<std::string>(&value)) {
    double number = 0;
    const char* end = text->data() + text->size();
    const auto [at, error] = std::from_chars(text->data(), end, number);
    if (error == std::errc() && at == end) return number;
  }
  refuse(column, "number");
}

std::string RowView::text(std::string_view column) const {
  const Value& value = (*this)[column];
  if (weir::is_null(value) || std::holds_alternative<Blob>(value)) refuse(column, "text");
  return db::as_text(value);
}

std::string RowView::bytes(std::string_view column) const {
  const Value& value = (*this)[column];
  if (const auto* blob = std::get_if<Blob>(&value)) return blob->bytes;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  refuse(column, "bytes");
}

}  // namespace weir
