// Small text functions that the standard library lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);  // ASCII only
bool starts_with_icase(std::string_view text, std::string_view prefix);
bool equals_icase(std::string_view a, std::string_view b);
std::vector<std::string> split(std::string_view text, char separator);  // parts are trimmed; empty ones are kept

// The candidate with the smallest edit distance, if it is near enough to be a typing error (at most a third of its
// length).
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

// 1234567 -> "1 234 567" (a narrow form every terminal shows)
std::string human_count(std::int64_t count);

std::optional<std::int64_t> parse_integer(std::string_view text);
// "500ms", "2s", "5m", "1h" -> milliseconds. Nothing else is accepted.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);

// Byte offset of the first byte that is not UTF-8 (overlong forms and surrogates included), or nothing.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// SHA-256 as 64 hex digits.
std::string sha256(std::string_view text);

}  // namespace weir
