#include "ledger/columns.hpp"

namespace weir::ledger {

std::optional<std::int64_t> optional_integer(const db::Value& value) {
  return db::is_null(value) ? std::nullopt : std::optional(db::as_integer(value));
}

std::optional<db::Row> optional_key(const db::Value& value) {
  return db::is_null(value) ? std::nullopt : std::optional(db::decode_key(db::as_text(value)));
}

db::Value integer_or_null(const std::optional<std::int64_t>& value) { return value ? db::Value(*value) : db::Value(); }

db::Value key_or_null(const std::optional<db::Row>& key) { return key ? db::Value(db::encode_key(*key)) : db::Value(); }

std::vector<std::string> decode_names(const std::string& text) {
  std::vector<std::string> names;
  for (const auto& value : db::decode_key(text)) names.push_back(db::as_text(value));
  return names;
}

std::string encode_names(const std::vector<std::string>& names) {
  return db::encode_key(db::Row(names.begin(), names.end()));
}

db::Bindings of(const RunId& id) { return {{"version", id.version.key()}, {"attempt", id.attempt}}; }

db::Bindings of(const RunId& id, std::int64_t ordinal) {
  return {{"version", id.version.key()}, {"attempt", id.attempt}, {"ordinal", ordinal}};
}

db::Bindings operator+(db::Bindings left, const db::Bindings& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace weir::ledger
