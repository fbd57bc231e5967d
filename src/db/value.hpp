// A value of a column or parameter, in any engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir::db {

struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// NULL, integer, float, text, bytes. PostgreSQL hands everything but NULL over as text.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;
using Row = std::vector<Value>;

inline bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }

// Integer value of an integer or of a text that spells one. Errors: kLedgerCorrupt otherwise (only for weir's own
// columns).
std::int64_t as_integer(const Value& value);
// The same, nothing for everything else.
std::optional<std::int64_t> parse_integer(const Value& value);
// Text of any value but NULL ("") and bytes (as they are).
std::string as_text(const Value& value);

// A key as the ledger stores it: a JSON array that gives back exactly the same values (bytes, invalid UTF-8, infinities
// too).
std::string encode_key(const Row& key);
// Errors: kLedgerCorrupt.
Row decode_key(std::string_view text);

// Parameter values by name.
using Bindings = std::vector<std::pair<std::string, Value>>;
// Errors: kInternal for a name that is not bound.
Row bind(const std::vector<std::string>& names, const Bindings& bindings);

}  // namespace weir::db
