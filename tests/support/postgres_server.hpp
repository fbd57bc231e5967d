// The PostgreSQL server that tests use: the one of $WEIR_TEST_POSTGRES, else a private one that is started when the
// first test asks for it and stopped when the process ends.
#pragma once

#include <string>

namespace weir::test {

struct PostgresServer {
  std::string url;     // of the database `postgres`; empty: there is none
  std::string reason;  // why there is none
};

const PostgresServer& postgres_server();

}  // namespace weir::test
