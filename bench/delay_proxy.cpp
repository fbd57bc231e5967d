// A TCP proxy that adds a fixed delay to every byte in each direction and limits nothing else: a distance to a database
// on one machine. Bytes wait in a queue with the time when they are due; many of them travel at once, as on a wire.
//   delay_proxy TARGET_PORT DELAY_MICROSECONDS    both ends on 127.0.0.1; prints the port it listens on
// The round trip grows by twice the delay. Ends with SIGTERM.
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <list>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;
using Time = SteadyClock::time_point;

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kQueueBytes = 64 * 1024 * 1024;  // beyond it the sender waits, as it would for a full window

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {
    if (descriptor_ < 0) fail("socket");
  }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void send_at_once(const Socket& socket) {
  const int on = 1;
  if (setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("TCP_NODELAY");
}

// One direction of one connection.
class Lane {
 public:
  Lane(const Socket& from, const Socket& to, std::chrono::microseconds delay)
      : from_(from.get()), to_(to.get()), delay_(delay) {}

  bool wants_to_read() const { return !ended_ && queued_ < kQueueBytes; }
  bool done() const { return ended_ && queue_.empty(); }
  bool due(Time now) const { return !queue_.empty() && queue_.front().due <= now; }
  Time next_due() const { return queue_.empty() ? Time::max() : queue_.front().due; }

  void read_what_came() {
    static std::vector<char> buffer(kReadBytes);
    const ssize_t count = recv(from_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    const Time due = SteadyClock::now() + delay_;
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    std::vector<char> bytes(buffer.begin(), buffer.begin() + std::max<ssize_t>(count, 0));
    ended_ = bytes.empty();
    queued_ += bytes.size();
    queue_.push_back({due, std::move(bytes), 0});  // an empty piece is the end of the stream
  }

  // Sends pieces that are due until the receiver's buffer is full.
  void send_what_is_due(Time now) {
    while (due(now)) {
      Piece& piece = queue_.front();
      if (piece.bytes.empty()) {
        shutdown(to_, SHUT_WR);
        queue_.pop_front();
        continue;
      }
      const auto left = piece.bytes.size() - piece.sent;
      const ssize_t count = send(to_, piece.bytes.data() + piece.sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count < 0) return abandon();
      piece.sent += static_cast<std::size_t>(count);
      queued_ -= static_cast<std::size_t>(count);
      if (piece.sent == piece.bytes.size()) queue_.pop_front();
    }
  }

 private:
  struct Piece {
    Time due;
    std::vector<char> bytes;
    std::size_t sent;
  };

  void abandon() {
    ended_ = true;
    queue_.clear();
    shutdown(from_, SHUT_RD);
  }

  int from_;
  int to_;
  std::chrono::microseconds delay_;
  std::deque<Piece> queue_;
  std::size_t queued_ = 0;
  bool ended_ = false;
};

struct Link {
  Socket client;
  Socket server;
  Lane up;
  Lane down;

  Link(Socket from, Socket to, std::chrono::microseconds delay)
      : client(std::move(from)), server(std::move(to)), up(client, server, delay), down(server, client, delay) {}
};

class Proxy {
 public:
  Proxy(std::uint16_t target, std::chrono::microseconds delay)
      : target_(target), delay_(delay), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = loopback(0);
    if (bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
    if (listen(listener_.get(), SOMAXCONN) != 0) fail("listen");
  }

  unsigned port() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    if (getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) fail("getsockname");
    return ntohs(address.sin_port);
  }

  [[noreturn]] void serve() {
    for (;;) {
      wait();
      const Time now = SteadyClock::now();
      std::size_t at = 0;
      for (auto& link : links_) {
        move(link.up, waiting_[at].revents, now);
        move(link.down, waiting_[at + 1].revents, now);
        at += 2;
      }
      links_.remove_if([](const Link& link) { return link.up.done() && link.down.done(); });
      if (waiting_.back().revents != 0) accept_one();
    }
  }

 private:
  static void move(Lane& lane, short events, Time now) {
    if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && lane.wants_to_read()) lane.read_what_came();
    lane.send_what_is_due(now);
  }

  // Until bytes came, bytes are due, or a receiver that was full has room again. Two entries for each link, the
  // listener last.
  void wait() {
    const Time now = SteadyClock::now();
    Time next = Time::max();
    waiting_.clear();
    for (const auto& link : links_) {
      const auto events = [now](const Lane& reads, const Lane& writes) {
        return static_cast<short>((reads.wants_to_read() ? POLLIN : 0) | (writes.due(now) ? POLLOUT : 0));
      };
      const auto entry = [](const Socket& socket, short wanted) {
        return pollfd{wanted == 0 ? -1 : socket.get(), wanted, 0};
      };
      waiting_.push_back(entry(link.client, events(link.up, link.down)));
      waiting_.push_back(entry(link.server, events(link.down, link.up)));
      for (const Lane* lane : {&link.up, &link.down})
        if (!lane->due(now)) next = std::min(next, lane->next_due());
    }
    waiting_.push_back({listener_.get(), POLLIN, 0});
    const auto left = std::chrono::nanoseconds(next == Time::max() ? std::chrono::nanoseconds(0) : next - now).count();
    const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    if (ppoll(waiting_.data(), waiting_.size(), next == Time::max() ? nullptr : &timeout, nullptr) < 0 &&
        errno != EINTR) {
      fail("ppoll");
    }
  }

  void accept_one() {
    Socket client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    Socket server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = loopback(target_);
    if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
    send_at_once(client);
    send_at_once(server);
    links_.emplace_back(std::move(client), std::move(server), delay_);
  }

  std::uint16_t target_;
  std::chrono::microseconds delay_;
  Socket listener_;
  std::list<Link> links_;
  std::vector<pollfd> waiting_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: delay_proxy TARGET_PORT DELAY_MICROSECONDS\n", stderr);
    return 2;
  }
  try {
    // The kernel may otherwise be 50 us late, a tenth of the delay asked for.
    prctl(PR_SET_TIMERSLACK, 1UL);
    Proxy proxy(static_cast<std::uint16_t>(std::stoul(argv[1])), std::chrono::microseconds(std::stol(argv[2])));
    std::printf("%u\n", proxy.port());
    std::fflush(stdout);
    proxy.serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "delay_proxy: %s\n", error.what());
    return 1;
  }
}
