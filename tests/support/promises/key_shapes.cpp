#include "support/promises/key_shapes.hpp"

#include <fmt/format.h>
#include <limits>
#include <stdexcept>

#include "support/mix.hpp"

namespace weir::test::promises {
namespace {

bool is_mysql(const std::string& engine) { return engine == "mariadb" || engine == "mysql"; }

std::string byte_text(const std::string& engine) {
  if (engine == "mariadb") return "varchar(60) COLLATE utf8mb4_nopad_bin";
  return engine == "mysql" ? "varchar(60) COLLATE utf8mb4_0900_bin" : "text";
}

std::string collated_text(const std::string& engine) {
  if (engine == "mariadb") return "varchar(60) COLLATE utf8mb4_unicode_ci";
  if (engine == "mysql") return "varchar(60) COLLATE utf8mb4_0900_ai_ci";
  return engine == "postgres" ? "text COLLATE \"en-x-icu\"" : "text COLLATE NOCASE";
}

std::string uuid_type(const std::string& engine) {
  if (engine == "postgres" || engine == "mariadb") return "uuid";
  return engine == "mysql" ? "char(36)" : "text";
}

std::string bytes_type(const std::string& engine) {
  return engine == "postgres" ? "bytea" : is_mysql(engine) ? "varbinary(20)" : "blob";
}

// Every 20th number is free at first.
std::int64_t dense(std::int64_t number, std::int64_t rows) {
  if (number < rows) return number + number / 20;
  const std::int64_t later = number - rows, holes = rows / 20;
  if (later < holes) return 20 + 21 * later;
  return later % 2 == 0 ? rows + holes + later : -later;
}

std::int64_t huge(std::uint64_t hash) {
  const auto step = static_cast<std::int64_t>(hash >> 40);
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min(), kMost = std::numeric_limits<std::int64_t>::max();
  switch (hash % 4) {
    case 0: return kLeast + (step % 5 == 0 ? step % 4 : step);
    case 1: return kMost - (step % 5 == 0 ? step % 4 : step);
    case 2: return static_cast<std::int64_t>(mix(hash));
    default: return step % 7 - 3;
  }
}

std::string text(std::uint64_t hash) {
  constexpr const char* kPieces[] = {"a", "A", "b", "B",  "ä", "z", "Z",  "ß", "ss",
                                     "_", "-", " ", "''", "%", "é", "日", "1"};
  std::string value;
  for (std::uint64_t left = hash % 5; left > 0; --left) value += kPieces[(hash = mix(hash)) % std::size(kPieces)];
  return "'" + value + "'";
}

// Of versions 1 to 7: MariaDB orders some of them otherwise. It takes none of another variant, and refuses some of
// versions that are not in use.
std::string uuid(std::uint64_t high, std::uint64_t low) {
  const std::uint64_t version = 1 + (high >> 12 & 0xF) % 7;
  return fmt::format("'{:08x}-{:04x}-{:x}{:03x}-{:04x}-{:012x}'", high >> 32, (high >> 16) & 0xFFFF, version,
                     high & 0xFFF, (low >> 48 & 0x3FFF) | 0x8000, low & 0xFFFFFFFFFFFFULL);
}

std::string bytes(std::uint64_t hash, const std::string& engine) {
  constexpr const char* kPieces[] = {"00", "01", "27", "5c", "61", "7f", "80", "ff"};
  std::string hex;
  for (std::uint64_t left = hash % 6; left > 0; --left) hex += kPieces[(hash = mix(hash)) % std::size(kPieces)];
  return engine == "postgres" ? "'\\x" + hex + "'" : "x'" + hex + "'";
}

// SQLite reads the least one as a negated number that is out of range.
std::string integer(std::int64_t value) {
  if (value == std::numeric_limits<std::int64_t>::min()) return "(-9223372036854775807 - 1)";
  return std::to_string(value);
}

}  // namespace

std::string_view name_of(KeyShape shape) {
  switch (shape) {
    case KeyShape::kDense: return "dense";
    case KeyShape::kGaps: return "gaps";
    case KeyShape::kNegative: return "negative";
    case KeyShape::kHuge: return "huge";
    case KeyShape::kIntegers: return "integers";
    case KeyShape::kTextFirst: return "text-first";
    case KeyShape::kText: return "text";
    case KeyShape::kCollated: return "collated";
    case KeyShape::kUuid: return "uuid";
    case KeyShape::kBytes: return "bytes";
  }
  return "";
}

KeyDefinition key_definition(KeyShape shape, const std::string& engine) {
  switch (shape) {
    case KeyShape::kDense:
    case KeyShape::kGaps:
    case KeyShape::kNegative:
    case KeyShape::kHuge: return {{"id"}, {"bigint"}};
    case KeyShape::kIntegers: return {{"b", "a"}, {"int", "bigint"}};
    case KeyShape::kTextFirst: return {{"area", "id"}, {byte_text(engine), "bigint"}};
    case KeyShape::kText: return {{"id"}, {byte_text(engine)}};
    case KeyShape::kCollated: return {{"id"}, {collated_text(engine)}};
    case KeyShape::kUuid: return {{"id"}, {uuid_type(engine)}};
    case KeyShape::kBytes: return {{"id"}, {bytes_type(engine)}};
  }
  throw std::logic_error("a key of no shape");
}

std::vector<std::string> key_literals(KeyShape shape, const std::string& engine, std::uint64_t seed,
                                      std::int64_t number, std::int64_t rows) {
  const std::uint64_t hash = mix(seed ^ mix(static_cast<std::uint64_t>(number)));
  const auto below = [&](std::uint64_t limit) { return static_cast<std::int64_t>(hash % limit); };
  switch (shape) {
    case KeyShape::kDense: return {integer(dense(number, rows))};
    case KeyShape::kGaps: return {integer(below(static_cast<std::uint64_t>(20 * rows + 100)))};
    case KeyShape::kNegative: return {integer(below(2000) - 1999)};
    case KeyShape::kHuge: return {integer(huge(hash))};
    case KeyShape::kIntegers:
      return {integer(below(5) - 2), integer(static_cast<std::int64_t>(mix(hash) % 1000) - 500)};
    case KeyShape::kTextFirst: return {text(hash % 37), integer(static_cast<std::int64_t>(mix(hash) % 1000) - 500)};
    case KeyShape::kText:
    case KeyShape::kCollated: return {text(hash)};
    case KeyShape::kUuid: return {uuid(hash, mix(hash))};
    case KeyShape::kBytes: return {bytes(hash, engine)};
  }
  throw std::logic_error("a key of no shape");
}

}  // namespace weir::test::promises
