// How far a run has come, as the ledger tells at one moment, in terms of the places that keys have in the order of the
// database.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/connection.hpp"
#include "ledger/slices.hpp"

namespace weir::test::promises {

using Place = std::int64_t;

// Every key that rows of an example may have, and its place. The database orders them, in a table of its own.
class KeyOrder {
 public:
  void add(const db::Row& key) { places_.emplace(db::encode_key(key), static_cast<Place>(places_.size())); }
  // Of single integers the values themselves are the places, because a batch may end where no key is.
  void use_integers() { integers_ = true; }
  // Errors: std::runtime_error for a key that no row can have.
  Place of(const db::Row& key) const;

 private:
  bool integers_ = false;
  std::map<std::string, Place> places_;
};

// Where a key lies. kBehind: passed by the cursor, or beyond the upper bound of the pass: this run does not come there
// any more. kClaimed: it will, but perhaps has begun with the batch already.
enum class Position { kBehind, kClaimed, kAhead };

class Coverage {
 public:
  // Nothing was planned: all is ahead.
  Coverage() = default;
  Coverage(const std::vector<ledger::Slice>& slices, const KeyOrder& order);

  Position position(Place place) const;
  bool planned() const { return planned_; }

 private:
  struct Part {
    std::optional<Place> lower, cursor, upper;
    bool done = false;
    bool held = false;
  };
  bool planned_ = false;
  std::vector<Part> parts_;
};

}  // namespace weir::test::promises
