#include "support/postgres_server.hpp"

#include <cstdlib>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "support/child_process.hpp"
#include "support/places.hpp"

namespace weir::test {
namespace {

class OwnServer {
 public:
  OwnServer() {
    // Nothing here outlives the machine, so nothing has to reach its disk.
    const Ended started = run_process({tool_, "start", dir_.path() / "server", "-c", "fsync=off"});
    if (started.exit_code == 0) {
      server_.url = std::string(trim(started.out));
    } else {
      server_.reason = "tools/postgres-server start: " + std::string(trim(started.err));
    }
  }
  ~OwnServer() {
    if (!server_.url.empty()) run_process({tool_, "stop", dir_.path() / "server", "immediate"});
  }
  const PostgresServer& server() const { return server_; }

 private:
  const std::string tool_ = source_path("tools/postgres-server");
  TempDir dir_;
  PostgresServer server_;
};

}  // namespace

const PostgresServer& postgres_server() {
  static const char* given = std::getenv("WEIR_TEST_POSTGRES");
  if (given != nullptr && *given != '\0') {
    static const PostgresServer server{given, ""};
    return server;
  }
  static const OwnServer own;
  return own.server();
}

}  // namespace weir::test
