#include "support/promises/row_histories.hpp"

#include <fmt/format.h>

namespace weir::test::promises {

// Behind before it began: no batch comes there. Ahead of every batch in flight afterwards: every batch that comes there
// sees what was done.
RowHistories::Sure RowHistories::sure(Place place, const Moment& moment) const {
  if (moment.before.position(place) == Position::kBehind) return Sure::kBehind;
  const Position after = moment.after.position(place);
  if (after == Position::kAhead) return Sure::kAhead;
  return after == Position::kClaimed && in_flight_ == InFlight::kImpossible ? Sure::kAhead : Sure::kUnknown;
}

void RowHistories::begin_stay(Tag tag, Place place, Sure sure) {
  stays_.insert_or_assign(tag, Stay{place, sure});
  expected_.try_emplace(tag);
}

void RowHistories::end_stay(Tag tag, const Moment& moment) {
  const Stay stay = stays_.at(tag);
  stays_.erase(tag);
  const Sure end = sure(stay.place, moment);
  const bool never = stay.begin == Sure::kBehind || end == Sure::kAhead;
  const bool once = stay.begin == Sure::kAhead && end == Sure::kBehind;
  Expected& expected = expected_.at(tag);
  expected.least += once ? 1 : 0;
  expected.most += never ? 0 : 1;
  tell(tag, fmt::format("; {} there", never ? "not changed" : once ? "changed once" : "perhaps changed"));
}

void RowHistories::tell(Tag tag, const std::string& what) { stories_[tag] += what; }

void RowHistories::insert(Tag tag, Place place, const Moment& moment) {
  tell(tag, fmt::format("inserted at {}", place));
  begin_stay(tag, place, sure(place, moment));
}

void RowHistories::move(Tag tag, Place place, const Moment& moment) {
  end_stay(tag, moment);
  tell(tag, fmt::format(", moved to {}", place));
  begin_stay(tag, place, sure(place, moment));
}

void RowHistories::remove(Tag tag, const Moment& moment) {
  end_stay(tag, moment);
  expected_.at(tag).deleted = true;
  tell(tag, ", deleted");
}

void RowHistories::begin_anew(const Coverage& last) {
  const auto stays = stays_;
  for (const auto& [tag, stay] : stays) {
    end_stay(tag, {last, last});
    tell(tag, ", begun anew");
    begin_stay(tag, stay.place, Sure::kAhead);
  }
}

void RowHistories::end(const Coverage& last) {
  const auto stays = stays_;
  for (const auto& [tag, stay] : stays) end_stay(tag, {last, last});
}

std::string RowHistories::story(Tag tag) const {
  const auto found = stories_.find(tag);
  return found == stories_.end() ? "never heard of" : found->second;
}

}  // namespace weir::test::promises
