// The two connections of a worker, the lease it holds and what it knows of other writers. The connections are replaced
// together after a lost connection.
#pragma once

#include <memory>
#include <optional>

#include "backfill/lease.hpp"
#include "backfill/room_for_writers.hpp"

namespace weir::backfill {

// A connection for batches. A batch that waits for a row lock keeps the rows it has changed already from the
// application, so it waits for two seconds at most, rolls back and tries again.
std::unique_ptr<db::Connection> connect_worker(const db::Database& database);

struct Session {
  // After a lost connection. Both at once: when only one can be had, the ledger must not refer to one that is gone.
  void replace(std::unique_ptr<db::Connection> new_worker, std::unique_ptr<db::Connection> new_control,
               const ledger::Ledger& like);

  std::unique_ptr<db::Connection> control;
  std::unique_ptr<db::Connection> worker;
  std::optional<ledger::Ledger> ledger;  // over `control`
  ledger::Lease lease;
  OwnTokens tokens;
  RoomForWriters room;
};

}  // namespace weir::backfill
