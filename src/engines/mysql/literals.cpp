#include "engines/mysql/literals.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::engines::mysql {
namespace {

void append_text(std::string& sql, std::string_view text) {
  if (find_invalid_utf8(text)) throw Error(Code::kDataError, "a text value is not UTF-8");
  sql += '\'';
  for (const char c : text) {
    switch (c) {
      case '\'': sql += "''"; break;
      case '\\': sql += "\\\\"; break;
      case '\0': sql += "\\0"; break;
      default: sql += c;
    }
  }
  sql += '\'';
}

void append_bytes(std::string& sql, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  sql += "x'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    sql += kDigits[byte >> 4];
    sql += kDigits[byte & 15];
  }
  sql += '\'';
}

// With an exponent, or the server takes it for a decimal.
void append_number(std::string& sql, double number) {
  if (!std::isfinite(number)) throw Error(Code::kDataError, "a number is not finite");
  std::array<char, 40> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::scientific).ptr;
  sql.append(buffer.data(), end);
}

}  // namespace

void append_literal(std::string& sql, const db::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    sql += std::to_string(*integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    append_number(sql, *number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_text(sql, *text);
  } else if (const auto* blob = std::get_if<db::Blob>(&value)) {
    append_bytes(sql, blob->bytes);
  } else {
    sql += "NULL";
  }
}

}  // namespace weir::engines::mysql
