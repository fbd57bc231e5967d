#include "engines/postgres/parameters.hpp"

#include <charconv>
#include <cmath>

#include "base/error.hpp"

namespace weir::engines::postgres {
namespace {

void write_hex(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out.assign("\\x");
  out.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

const char* infinity_or_nan(double number) {
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "Infinity" : "-Infinity";
}

}  // namespace

Parameters::Parameters(const db::Row& values) : Parameters(values.size()) {
  for (std::size_t i = 0; i < values.size(); ++i) set(i, values[i]);
}

void Parameters::set(std::size_t index, std::int64_t value) {
  auto& buffer = slots_[index].number;
  *std::to_chars(buffer.data(), buffer.data() + buffer.size() - 1, value).ptr = '\0';
  pointers_[index] = buffer.data();
}

void Parameters::set(std::size_t index, const db::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->find('\0') != std::string::npos) {
      throw Error(Code::kDataError, "a text value holds a zero byte, which PostgreSQL cannot store");
    }
    pointers_[index] = text->c_str();
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    set(index, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    auto& buffer = slots_[index].number;
    pointers_[index] = buffer.data();
    if (std::isfinite(*number)) {
      *std::to_chars(buffer.data(), buffer.data() + buffer.size() - 1, *number).ptr = '\0';
    } else {
      pointers_[index] = infinity_or_nan(*number);
    }
  } else if (const auto* blob = std::get_if<db::Blob>(&value)) {
    write_hex(blob->bytes, slots_[index].hex);
    pointers_[index] = slots_[index].hex.c_str();
  } else {
    pointers_[index] = nullptr;
  }
}

}  // namespace weir::engines::postgres
