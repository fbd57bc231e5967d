// The MariaDB server that tests use: the one of $WEIR_TEST_MARIADB, else a private one that is started when the first
// test asks for it and stopped when the process ends.
#pragma once

#include <string>

namespace weir::test {

struct MariadbServer {
  std::string url;     // of the database `weir`; empty: there is none
  std::string reason;  // why there is none
};

const MariadbServer& mariadb_server();

// The MySQL server of $WEIR_TEST_MYSQL; there is none otherwise (tools/mysql-server).
const MariadbServer& mysql_server();

}  // namespace weir::test
