// What is good and bad about this server for weir: Connection::diagnose().
#include <fmt/format.h>

#include "base/text.hpp"
#include "engines/mysql/connection.hpp"

namespace weir::engines::mysql {
namespace {

using Level = db::Diagnosis::Level;

constexpr const char* kLongTransactions =
    "SELECT count(*) FROM information_schema.innodb_trx WHERE @@time_zone = 'SYSTEM' AND trx_started < NOW() - "
    "INTERVAL 1 "
    "MINUTE AND trx_mysql_thread_id <> CONNECTION_ID()";

db::Diagnosis version(const Server& server) {
  return {Level::kGood, "version",
          fmt::format("{} {}.{}.{}", server.mariadb ? "MariaDB" : "MySQL", server.version / 10000,
                      server.version / 100 % 100, server.version % 100),
          ""};
}

db::Diagnosis binary_log(const Server& server) {
  const bool statements =
      equals_icase(server.value("log_bin"), "ON") && equals_icase(server.value("binlog_format"), "STATEMENT");
  if (!statements) return {Level::kGood, "binary log", "batches run in READ COMMITTED", ""};
  return {Level::kWarning, "binary log",
          "the binary log holds statements, so batches run in REPEATABLE READ and lock the gaps between rows too",
          "SET GLOBAL binlog_format = 'ROW'"};
}

db::Diagnosis lock_holders(const Server& server) {
  if (equals_icase(server.value("performance_schema"), "ON"))
    return {Level::kGood, "lock holders", "performance_schema tells who holds a lock", ""};
  return {Level::kWarning, "lock holders", "the server does not tell who holds a metadata lock",
          server.mariadb ? "INSTALL SONAME 'metadata_lock_info'" : "start the server with performance_schema=ON"};
}

db::Diagnosis long_transactions(Connection& connection) {
  try {
    const auto count = db::as_integer(connection.query(kLongTransactions).rows.at(0).at(0));
    if (count == 0) return {Level::kGood, "long transactions", "none is older than a minute", ""};
    return {Level::kWarning, "long transactions",
            fmt::format("{} are older than a minute; DDL on the tables they have read waits for them", count),
            "SELECT * FROM information_schema.innodb_trx shows them, KILL ends one"};
  } catch (const Error& error) {
    if (error.next() != Next::kFail) throw;
    return {Level::kUnknown, "long transactions", error.message(), "GRANT PROCESS ON *.* TO weir's user"};
  }
}

}  // namespace

std::vector<db::Diagnosis> Connection::diagnose() {
  return {version(server_), binary_log(server_), lock_holders(server_), long_transactions(*this)};
}

}  // namespace weir::engines::mysql
