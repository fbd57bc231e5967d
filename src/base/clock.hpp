// Time as a seam: everything that waits or measures takes a Clock, so that tests do not sleep.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace weir {

using Milliseconds = std::chrono::milliseconds;

// A point in time as the ledger stores it: milliseconds since 1970-01-01 00:00 UTC, by the database's clock.
using EpochMs = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::steady_clock::time_point now() const = 0;
  virtual EpochMs wall() const = 0;
  virtual void sleep(Milliseconds duration) = 0;
};

// The real clock. Thread-safe.
Clock& system_clock();

// 2026-01-04T12:00:00Z
std::string to_iso8601(EpochMs time);
// 20260104120000 (UTC), the version of a new migration.
std::string to_version(EpochMs time);
// "840 ms", "12.3 s", "4 min 10 s", "3 h 05 min"
std::string human_duration(Milliseconds duration);

}  // namespace weir
