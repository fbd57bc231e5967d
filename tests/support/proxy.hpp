// A TCP proxy for PostgreSQL in this process: it reads the client's messages, forwards them, and cuts the connection
// where its policy says. Thread-safe; the policy is called from the threads of the connections, one call at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weir::test {

enum class CutAt {
  kBefore,       // the message is not forwarded
  kInside,       // `bytes` of it are
  kAfter,        // it and all up to the next Sync are forwarded; nothing of the answer comes back
  kInTheAnswer,  // likewise, then `bytes` of the answer come back
};

struct Cut {
  CutAt at = CutAt::kBefore;
  std::size_t bytes = 0;
  // The server sees the end of the connection only after it has done everything it received; else both ends at once.
  bool server_finishes = true;
};

struct ClientMessage {
  char type = 0;         // of the protocol; 0 for what comes before the first typed message
  std::string sql;       // of a simple query, a Parse, or of the prepared statement that a Bind names
  std::size_t size = 0;  // whole, in bytes
};

class Proxy {
 public:
  // Nothing: forward.
  using Policy = std::function<std::optional<Cut>(const ClientMessage&)>;

  // Listens on 127.0.0.1 at a port of the kernel's choice; the server is on 127.0.0.1 too.
  Proxy(int server_port, Policy policy);
  // Cuts all connections.
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }
  int cuts() const { return cuts_; }
  int connections() const { return connections_; }
  // Added to every message of the client.
  void set_latency_us(int microseconds) { latency_us_ = microseconds; }

 private:
  class Session;
  void accept_loop();
  std::optional<Cut> ask(const ClientMessage& message);

  const int server_port_;
  std::mutex policy_lock_;
  const Policy policy_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};  // a pipe that ends every poll()
  int port_ = 0;
  std::atomic<int> cuts_{0};
  std::atomic<int> connections_{0};
  std::atomic<int> latency_us_{0};
  std::vector<std::thread> sessions_;  // used by the accepting thread, then by the destructor
  std::thread acceptor_;
};

}  // namespace weir::test
