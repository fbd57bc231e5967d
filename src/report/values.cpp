#include "report/values.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace weir::report {
namespace {

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

// Whoever looks at a table must not have their terminal changed by what is in it.
std::string printable(std::string_view text, std::size_t most) {
  std::string line;
  std::size_t characters = 0;
  for (const char byte : text) {
    if (begins_character(byte) && ++characters > most) return line + "…";
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '\n')
      line += "\\n";
    else if (byte == '\t')
      line += "\\t";
    else if (code < 0x20 || code == 0x7F)
      line += fmt::format("\\x{:02x}", code);
    else
      line += byte;
  }
  return line;
}

}  // namespace

std::string shown_value(const db::Value& value, std::size_t most) {
  if (db::is_null(value)) return "NULL";
  if (const auto* blob = std::get_if<db::Blob>(&value)) return "x'" + printable(to_hex(blob->bytes), most) + "'";
  const std::string text = db::as_text(value);
  if (find_invalid_utf8(text)) return "x'" + printable(to_hex(text), most) + "'";
  const bool unclear = text.empty() || text == "NULL" || text.front() == ' ' || text.back() == ' ';
  return unclear ? "'" + printable(text, most) + "'" : printable(text, most);
}

std::string shown_key(const db::Row& key) {
  if (key.size() == 1) return shown_value(key.front());
  std::string text;
  for (const auto& value : key) text += (text.empty() ? "(" : ", ") + shown_value(value);
  return text + ")";
}

}  // namespace weir::report
