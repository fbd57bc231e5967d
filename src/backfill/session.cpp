#include "backfill/session.hpp"

namespace weir::backfill {
namespace {

constexpr Milliseconds kBatchLockTimeout{2000};

}  // namespace

std::unique_ptr<db::Connection> connect_worker(const db::Database& database) {
  auto connection = database.connect(db::Purpose::kWorker);
  connection->set_lock_timeout(kBatchLockTimeout);
  return connection;
}

void Session::replace(std::unique_ptr<db::Connection> new_worker, std::unique_ptr<db::Connection> new_control,
                      const ledger::Ledger& like) {
  ledger::Ledger over_control = like.over(*new_control);
  ledger = std::move(over_control);
  control = std::move(new_control);
  worker = std::move(new_worker);
  room = {};  // what it has seen was seen over the old connection
}

}  // namespace weir::backfill
