// Linked to weir's main() this makes the program of the crash suite, which acts at sync points as the environment says:
//   WEIR_SYNC_POINTS=batch-sent:3=cut,reclaimed=kill
// At the third passing of batch-sent the connections are cut; at the first of reclaimed the process kills itself. At
// one passing the actions happen in the order in which they are written.
//   kill        as kill -9
//   stop        as SIGSTOP; goes on after SIGCONT
//   interrupt   as Ctrl-C
//   cut         shuts all sockets of the process down: its connections to the database
//   touch@FILE  makes the file
//   wait@FILE   makes FILE.reached, then waits until FILE is there
// WEIR_SYNC_LOG=FILE: each passing adds a line with the name of the point.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <iterator>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <vector>

#include "base/sync_point.hpp"
#include "base/text.hpp"

namespace weir::crash {
namespace {

enum class Action { kKill, kStop, kInterrupt, kCut, kTouch, kWait };

struct Rule {
  SyncPoint point = SyncPoint{};
  std::int64_t passing = 1;
  Action action = Action::kKill;
  std::string file;
};

std::vector<Rule> rules;                                               // set before main(), then only read
std::array<std::atomic<std::int64_t>, kSyncPointNames.size()> passed;  // how often
int log_file = -1;

[[noreturn]] void refuse(const std::string& problem) {
  const std::string text = "WEIR_SYNC_POINTS: " + problem + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(2);
}

void make_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) refuse("cannot make " + path);
  ::close(file);
}

void wait_for_file(const std::string& path) {
  make_file(path + ".reached");
  constexpr timespec kPoll{0, 500'000};
  while (::access(path.c_str(), F_OK) != 0) ::nanosleep(&kPoll, nullptr);
}

// Whatever is a socket is a connection to the database: weir has no others.
void cut_connections() {
  constexpr int kMost = 1024;
  for (int descriptor = 3; descriptor < kMost; ++descriptor) ::shutdown(descriptor, SHUT_RDWR);
}

void act(const Rule& rule) {
  switch (rule.action) {
    case Action::kKill:
      ::kill(::getpid(), SIGKILL);
      for (;;) ::pause();  // not one instruction more on this thread
    case Action::kStop: ::kill(::getpid(), SIGSTOP); return;
    case Action::kInterrupt: ::kill(::getpid(), SIGINT); return;
    case Action::kCut: return cut_connections();
    case Action::kTouch: return make_file(rule.file);
    case Action::kWait: return wait_for_file(rule.file);
  }
}

void on_sync_point(SyncPoint point) {
  if (log_file >= 0) {
    const std::string line = std::string(to_string(point)) + "\n";
    if (::write(log_file, line.data(), line.size()) < 0) refuse("cannot write the log");
  }
  const std::int64_t passing = ++passed[static_cast<std::size_t>(point)];
  for (const auto& rule : rules) {
    if (rule.point == point && rule.passing == passing) act(rule);
  }
}

SyncPoint point_named(std::string_view name) {
  const auto found = std::find(kSyncPointNames.begin(), kSyncPointNames.end(), name);
  if (found == kSyncPointNames.end()) refuse("there is no sync point '" + std::string(name) + "'");
  return static_cast<SyncPoint>(found - kSyncPointNames.begin());
}

Rule parse(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) refuse("no action in '" + text + "'");
  Rule rule;
  std::string point = text.substr(0, equals);
  if (const auto colon = point.find(':'); colon != std::string::npos) {
    const auto passing = parse_integer(point.substr(colon + 1));
    if (!passing || *passing < 1) refuse("no number of a passing in '" + text + "'");
    rule.passing = *passing;
    point.resize(colon);
  }
  rule.point = point_named(point);
  std::string action = text.substr(equals + 1);
  if (const auto at = action.find('@'); at != std::string::npos) {
    rule.file = action.substr(at + 1);
    action.resize(at);
  }
  constexpr std::string_view kNames[] = {"kill", "stop", "interrupt", "cut", "touch", "wait"};
  const auto* const found = std::find(std::begin(kNames), std::end(kNames), action);
  if (found == std::end(kNames)) refuse("there is no action '" + action + "'");
  rule.action = static_cast<Action>(found - std::begin(kNames));
  const bool needs_file = rule.action == Action::kTouch || rule.action == Action::kWait;
  if (needs_file == rule.file.empty()) refuse("a file belongs to touch and wait only: '" + text + "'");
  return rule;
}

const struct Installer {
  Installer() {
    if (const char* list = std::getenv("WEIR_SYNC_POINTS")) {
      for (const auto& one : split(list, ',')) {
        if (!one.empty()) rules.push_back(parse(one));
      }
    }
    if (const char* path = std::getenv("WEIR_SYNC_LOG")) {
      log_file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      if (log_file < 0) refuse("cannot write the log");
    }
    sync_hook = on_sync_point;
  }
} installer;

}  // namespace
}  // namespace weir::crash
