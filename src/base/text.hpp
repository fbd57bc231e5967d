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
// "500ms", "2s", "5m", "1h" -> milliseconds. Nothing else is accepted, and nothing longer than a day.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
// The same without 0, which the databases take for "wait for ever".
std::optional<std::int64_t> parse_timeout_ms(std::string_view text);

// A word of the command line as an error may show it: "'word'", or "an argument" if it looks like a URL or like
// name=value, which may hold a secret.
std::string shown_argument(std::string_view word);

// Byte offset of the first byte that is not UTF-8 (overlong forms and surrogates included), or nothing.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// SHA-256 as 64 hex digits.
std::string sha256(std::string_view text);

}  // namespace weir
