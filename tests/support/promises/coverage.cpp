#include "support/promises/coverage.hpp"

#include <stdexcept>

namespace weir::test::promises {

Place KeyOrder::of(const db::Row& key) const {
  if (integers_) {
    if (const auto value = db::parse_integer(key.at(0))) return *value;
  } else if (const auto found = places_.find(db::encode_key(key)); found != places_.end()) {
    return found->second;
  }
  throw std::runtime_error("a batch or slice ends at " + db::encode_key(key) + ", which is no key of this table");
}

Coverage::Coverage(const std::vector<ledger::Slice>& slices, const KeyOrder& order) {
  const auto place = [&](const std::optional<db::Row>& key) {
    return key ? std::optional(order.of(*key)) : std::nullopt;
  };
  for (const auto& slice : slices) {
    if (slice.ordinal == ledger::kRunItself) {
      planned_ = slice.pass > 0;
      continue;
    }
    parts_.push_back({place(slice.lower), place(slice.cursor), place(slice.upper),
                      slice.state == ledger::SliceState::kDone, slice.lease.has_value()});
  }
}

Position Coverage::position(Place place) const {
  if (!planned_) return Position::kAhead;
  for (const auto& part : parts_) {
    const bool within = (!part.lower || place > *part.lower) && place <= part.upper.value();
    if (!within) continue;
    if (part.done || (part.cursor && place <= *part.cursor)) return Position::kBehind;
    return part.held ? Position::kClaimed : Position::kAhead;
  }
  return Position::kBehind;
}

}  // namespace weir::test::promises
