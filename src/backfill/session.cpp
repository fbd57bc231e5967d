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

}  // namespace weir::backfill
