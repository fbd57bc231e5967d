#include "support/proxy.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::test {
namespace {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // Empty: the end.
  std::string receive() const {
    char buffer[65536];
    ssize_t n = 0;
    do n = ::recv(fd_, buffer, sizeof buffer, 0);
    while (n < 0 && errno == EINTR);
    return std::string(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  }

 private:
  int fd_;
};

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = local(port);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

std::size_t read_length(std::string_view bytes) {
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  return ntohl(length);
}

// Cuts the client's stream into messages and knows the SQL of prepared statements.
// Source: PostgreSQL manual, "Message Formats".
class Parser {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }

  // The bytes of the next whole message, or nothing.
  std::optional<std::string> next(ClientMessage& message) {
    const std::size_t head = typed_ ? 1 : 0;
    if (buffer_.size() < head + 4) return std::nullopt;
    const std::size_t size = head + read_length(std::string_view(buffer_).substr(head));
    if (buffer_.size() < size) return std::nullopt;
    const std::string bytes = buffer_.substr(0, size);
    buffer_.erase(0, size);
    message = {typed_ ? bytes[0] : '\0', "", size};
    if (typed_) {
      describe(bytes, message);
    } else {
      // SSLRequest and GSSENCRequest are followed by another startup message.
      const std::size_t code = bytes.size() >= 8 ? read_length(std::string_view(bytes).substr(4)) : 0;
      typed_ = code != 80877103 && code != 80877104;
    }
    return bytes;
  }

 private:
  void describe(const std::string& bytes, ClientMessage& message) {
    constexpr std::size_t kHead = 5;
    const char* body = bytes.c_str() + kHead;
    if (message.type == 'Q') message.sql = body;
    if (message.type == 'P') {
      const std::string name = body;
      message.sql = body + name.size() + 1;
      statements_[name] = message.sql;
    }
    if (message.type == 'B') {
      const std::string portal = body;
      const auto found = statements_.find(body + portal.size() + 1);
      if (found != statements_.end()) message.sql = found->second;
    }
  }

  bool typed_ = false;
  std::string buffer_;
  std::map<std::string, std::string> statements_;
};

}  // namespace

// One connection, in a thread of its own.
class Proxy::Session {
 public:
  Session(Proxy& proxy, int client, int server) : proxy_(proxy), client_(client), server_(server) {}

  void run() {
    while (!cut_done_) {
      pollfd watched[3] = {{client_.fd(), POLLIN, 0}, {server_.fd(), POLLIN, 0}, {proxy_.wake_[0], POLLIN, 0}};
      if (::poll(watched, 3, -1) < 0 && errno != EINTR) return;
      if (watched[2].revents != 0) return;
      if (watched[1].revents != 0 && !from_server()) return;
      if (watched[0].revents != 0 && !from_client()) return;
    }
  }

 private:
  bool from_client() {
    const std::string bytes = client_.receive();
    if (bytes.empty()) return false;
    parser_.feed(bytes);
    if (const int latency = proxy_.latency_us_; latency > 0)
      std::this_thread::sleep_for(std::chrono::microseconds(latency));
    std::string forward;  // what arrived together leaves together
    ClientMessage message;
    while (const auto whole = parser_.next(message)) {
      if (!pending_) {
        pending_ = proxy_.ask(message);
        if (pending_ && pending_->at == CutAt::kBefore) return cut(forward);
        if (pending_ && pending_->at == CutAt::kInside)
          return cut(forward + whole->substr(0, std::min(pending_->bytes, whole->size() - 1)));
      }
      forward += *whole;
      const bool awaited = message.type == 'S' || message.type == 'Q' || message.type == 'X' || message.type == 0;
      if (!pending_ || !awaited) continue;
      if (pending_->at == CutAt::kAfter) return cut(forward);
      answer_left_ = pending_->bytes;
    }
    return server_.send(forward);
  }

  bool from_server() {
    std::string bytes = server_.receive();
    if (bytes.empty()) return false;
    if (!answer_left_) return client_.send(bytes);
    if (bytes.size() < *answer_left_) {
      *answer_left_ -= bytes.size();
      return client_.send(bytes);
    }
    client_.send(std::string_view(bytes).substr(0, *answer_left_));
    return cut("");
  }

  // Sends the last bytes to the server and ends the client's connection. Always false.
  bool cut(const std::string& last_bytes) {
    ++proxy_.cuts_;
    server_.send(last_bytes);
    client_.close();
    cut_done_ = true;
    if (!pending_->server_finishes) return false;
    ::shutdown(server_.fd(), SHUT_WR);
    while (!server_.receive().empty()) {
    }
    return false;
  }

  Proxy& proxy_;
  Socket client_;
  Socket server_;
  Parser parser_;
  std::optional<Cut> pending_;
  std::optional<std::size_t> answer_left_;
  bool cut_done_ = false;
};

Proxy::Proxy(int server_port, Policy policy) : server_port_(server_port), policy_(std::move(policy)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = local(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 || ::pipe(wake_) != 0)
    throw std::runtime_error(std::string("the proxy cannot listen: ") + std::strerror(errno));
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

Proxy::~Proxy() {
  [[maybe_unused]] const ssize_t written = ::write(wake_[1], "x", 1);
  acceptor_.join();
  for (auto& session : sessions_) session.join();
  for (const int fd : {listener_, wake_[0], wake_[1]}) ::close(fd);
}

void Proxy::accept_loop() {
  for (;;) {
    pollfd watched[2] = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0 && errno != EINTR) return;
    if (watched[1].revents != 0) return;
    if (watched[0].revents == 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int server = connect_to(server_port_);
    if (server < 0) {
      ::close(client);
      continue;
    }
    ++connections_;
    sessions_.emplace_back([this, client, server] { Session(*this, client, server).run(); });
  }
}

std::optional<Cut> Proxy::ask(const ClientMessage& message) {
  const std::lock_guard lock(policy_lock_);
  return policy_(message);
}

}  // namespace weir::test
