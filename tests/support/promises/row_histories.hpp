// What docs/data-migrations.md ("Rows that change during a run") promises for every row of an example, computed from
// what the application did and how far the run was at that moment. It knows nothing of what weir changed.
//
// Without `where`: a row keeps a key for a time. In that time it is changed once if its key was ahead of the cursor at
// the beginning and behind it at the end, and never otherwise. What a restart begins anew counts anew.
// With `where`: `n` counts what weir did, `m` says that the row is done. A row is changed as often as it was found
// undone: at the beginning, or because the application undid it; not when the application did it itself.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/promises/coverage.hpp"

namespace weir::test::promises {

using Tag = std::int64_t;  // names a row for ever, whatever becomes of its key

// The run just before an operation of the application began and just after it was committed.
struct Moment {
  Coverage before, after;
};

// Whether batches may be in flight while the application acts. Between two batches of a single worker they are not.
enum class InFlight { kPossible, kImpossible };

struct Expected {
  std::int64_t least = 0, most = 0;  // changes by weir
  bool deleted = false;
};

class RowHistories {
 public:
  explicit RowHistories(InFlight in_flight) : in_flight_(in_flight) {}

  void insert(Tag tag, Place place, const Moment& moment);
  void move(Tag tag, Place place, const Moment& moment);
  void remove(Tag tag, const Moment& moment);
  // The attempt was cancelled at `last`, and the next one will begin at the first row.
  void begin_anew(const Coverage& last);
  // Nothing happens any more.
  void end(const Coverage& last);

  const std::map<Tag, Expected>& expected() const { return expected_; }
  // What happened to a row, for a failure.
  std::string story(Tag tag) const;

 private:
  enum class Sure { kBehind, kAhead, kUnknown };
  struct Stay {  // of a row at a place
    Place place;
    Sure begin;
  };
  Sure sure(Place place, const Moment& moment) const;
  void begin_stay(Tag tag, Place place, Sure sure);
  void end_stay(Tag tag, const Moment& moment);
  void tell(Tag tag, const std::string& what);

  InFlight in_flight_;
  std::map<Tag, Stay> stays_;
  std::map<Tag, Expected> expected_;
  std::map<Tag, std::string> stories_;
};

}  // namespace weir::test::promises
