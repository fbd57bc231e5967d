// Kinds of keys that tables of the property tests have, each with the traps of its kind: gaps, ends of the range of
// integers, texts that a collation takes for neighbours or equal, bytes that are no text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test::promises {

enum class KeyShape {
  kDense,  // nearly no gaps: ends of batches are computed, not looked up
  kGaps,
  kNegative,
  kHuge,       // beside both ends of 64 bits
  kIntegers,   // two columns, few values in the leading one
  kTextFirst,  // a text, then a number
  kText,       // compared byte by byte
  kCollated,   // compared by rules of a language
  kUuid,
  kBytes,
};
inline constexpr KeyShape kKeyShapes[] = {
    KeyShape::kDense,     KeyShape::kGaps, KeyShape::kNegative, KeyShape::kHuge, KeyShape::kIntegers,
    KeyShape::kTextFirst, KeyShape::kText, KeyShape::kCollated, KeyShape::kUuid, KeyShape::kBytes};
std::string_view name_of(KeyShape shape);

struct KeyDefinition {
  std::vector<std::string> columns;  // in the order of the key
  std::vector<std::string> types;
};
// `engine`: "sqlite", "postgres", "mariadb" or "mysql".
KeyDefinition key_definition(KeyShape shape, const std::string& engine);

// The values of key `number` of a table that begins with keys 0 .. rows-1, as SQL literals, one for each column.
// Numbers may give the same key twice. Numbers from `rows` on are for rows that come later: they fill gaps and lie
// beyond both ends, too.
std::vector<std::string> key_literals(KeyShape shape, const std::string& engine, std::uint64_t seed,
                                      std::int64_t number, std::int64_t rows);

}  // namespace weir::test::promises
