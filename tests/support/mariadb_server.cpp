#include "support/mariadb_server.hpp"

#include <cstdlib>

#include "base/text.hpp"
#include "support/child_process.hpp"
#include "support/places.hpp"

namespace weir::test {
namespace {

class OwnServer {
 public:
  OwnServer() {
    // Nothing here outlives the machine, so nothing has to reach its disk. Tests make their rows by recursion.
    const Ended started = run_process({tool_, "start", dir_.path() / "server", "-c", "innodb_flush_log_at_trx_commit=0",
                                       "-c", "max_recursive_iterations=1000000000"});
    if (started.exit_code == 0) {
      server_.url = std::string(trim(started.out));
    } else {
      server_.reason = "tools/mariadb-server start: " + std::string(trim(started.err));
    }
  }
  ~OwnServer() {
    if (!server_.url.empty()) run_process({tool_, "stop", dir_.path() / "server", "immediate"});
  }
  const MariadbServer& server() const { return server_; }

 private:
  const std::string tool_ = source_path("tools/mariadb-server");
  TempDir dir_;
  MariadbServer server_;
};

}  // namespace

const MariadbServer& mariadb_server() {
  static const char* given = std::getenv("WEIR_TEST_MARIADB");
  if (given != nullptr && *given != '\0') {
    static const MariadbServer server{given, ""};
    return server;
  }
  static const OwnServer own;
  return own.server();
}

const MariadbServer& mysql_server() {
  static const char* given = std::getenv("WEIR_TEST_MYSQL");
  static const MariadbServer server{given != nullptr ? given : "", "WEIR_TEST_MYSQL is not set"};
  return server;
}

}  // namespace weir::test
