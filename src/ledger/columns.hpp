// How values stand in the columns of the ledger's tables; used by the files of this folder.
#pragma once

#include <optional>

#include "db/value.hpp"
#include "ledger/runs.hpp"

namespace weir::ledger {

std::optional<std::int64_t> optional_integer(const db::Value& value);
std::optional<db::Row> optional_key(const db::Value& value);
db::Value integer_or_null(const std::optional<std::int64_t>& value);
db::Value key_or_null(const std::optional<db::Row>& key);

// A JSON array of texts.
std::vector<std::string> decode_names(const std::string& text);
std::string encode_names(const std::vector<std::string>& names);

// `version` and `attempt`.
db::Bindings of(const RunId& id);
// ... and `ordinal`.
db::Bindings of(const RunId& id, std::int64_t ordinal);
db::Bindings operator+(db::Bindings left, const db::Bindings& right);

}  // namespace weir::ledger
