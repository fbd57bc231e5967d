// A value of a column or parameter, in any engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
#include <weir/value.hpp>

namespace weir::db {

using weir::Blob;
using weir::is_null;
using weir::Value;
using Row = std::vector<Value>;

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
