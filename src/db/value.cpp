#include "db/value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weir::db {
namespace {

using nlohmann::json;

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

[[noreturn]] void corrupt(std::string_view text) {
  throw Error(Code::kLedgerCorrupt, fmt::format("the ledger holds a key that cannot be read: {}", text));
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  if (hex.size() % 2 != 0) corrupt(hex);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const char* end = hex.data() + i + 2;
    if (std::from_chars(hex.data() + i, end, byte, 16).ptr != end) corrupt(hex);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

json encode(const Value& value) {
  if (is_null(value)) return nullptr;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) {
    if (std::isfinite(*number)) return *number;
    return {{"float", *number > 0 ? "inf" : "-inf"}};
  }
  if (const auto* blob = std::get_if<Blob>(&value)) return {{"blob", to_hex(blob->bytes)}};
  const auto& text = std::get<std::string>(value);
  if (find_invalid_utf8(text)) return {{"text", to_hex(text)}};
  return text;
}

Value decode(const json& value, std::string_view whole) {
  if (value.is_null()) return std::monostate{};
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() || value.size() != 1 || !value.begin()->is_string()) corrupt(whole);
  const auto content = value.begin()->get<std::string>();
  if (value.begin().key() == "float") return content == "inf" ? HUGE_VAL : -HUGE_VAL;
  if (value.begin().key() == "blob") return Blob{from_hex(content)};
  if (value.begin().key() == "text") return from_hex(content);
  corrupt(whole);
}

}  // namespace

std::optional<std::int64_t> parse_integer(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  const auto* text = std::get_if<std::string>(&value);
  return text ? weir::parse_integer(*text) : std::nullopt;
}

std::int64_t as_integer(const Value& value) {
  if (const auto integer = parse_integer(value)) return *integer;
  throw Error(Code::kLedgerCorrupt, fmt::format("expected an integer, got '{}'", as_text(value)));
}

std::string as_text(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* blob = std::get_if<Blob>(&value)) return blob->bytes;
  return {};
}

std::string encode_key(const Row& key) {
  json array = json::array();
  for (const auto& value : key) array.push_back(encode(value));
  return array.dump();
}

Row decode_key(std::string_view text) {
  const json array = json::parse(text, nullptr, false);
  if (!array.is_array()) corrupt(text);
  Row key;
  for (const auto& value : array) key.push_back(decode(value, text));
  return key;
}

Row bind(const std::vector<std::string>& names, const Bindings& bindings) {
  Row values;
  values.reserve(names.size());
  for (const auto& name : names) {
    const auto found = std::find_if(bindings.begin(), bindings.end(), [&](const auto& b) { return b.first == name; });
    if (found == bindings.end()) throw Error(Code::kInternal, fmt::format("no value is bound to :{}", name));
    values.push_back(found->second);
  }
  return values;
}

}  // namespace weir::db
