#include "base/process.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <pwd.h>
#include <signal.h>
#include <sstream>
#include <unistd.h>

namespace weir {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string host_identity() {
  char ns[128] = {};
  const ssize_t n = ::readlink("/proc/self/ns/pid", ns, sizeof ns - 1);
  const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  // Half an identity would be that of other hosts too.
  return n > 0 && !boot.empty() ? boot + "/" + std::string(ns, static_cast<std::size_t>(n)) : "";
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

struct ProcessStat {
  char state = '?';
  long start_time = 0;
};

// Nothing when the process is gone, or when /proc is mounted with hidepid and it belongs to another user.
std::optional<ProcessStat> stat_of(int pid) {
  const std::string line = first_line("/proc/" + std::to_string(pid) + "/stat");
  // Counted after the last ')' because the program's name may hold anything: field 3 is the state, 22 the start.
  const auto close = line.rfind(')');
  if (close == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(close + 1));
  ProcessStat stat;
  rest >> stat.state;
  std::string field;
  for (int i = 4; i <= 22; ++i) rest >> field;
  stat.start_time = std::strtol(field.c_str(), nullptr, 10);
  return stat;
}

}  // namespace

ProcessId this_process() {
  const int pid = static_cast<int>(::getpid());
  return {host_identity(), host_name(), pid, stat_of(pid).value_or(ProcessStat{}).start_time};
}

bool is_this_process(const ProcessId& process) {
  const ProcessId here = this_process();
  return !here.host.empty() && here.start_time != 0 && process.host == here.host && process.pid == here.pid &&
         process.start_time == here.start_time;
}

Liveness liveness_of(const ProcessId& process) {
  if (process.host.empty() || process.host != host_identity()) return Liveness::kUnknown;
  if (const auto stat = stat_of(process.pid)) {
    // A zombie has been killed already; it only waits for its parent.
    if (stat->state == 'Z' || stat->state == 'X') return Liveness::kDead;
    if (process.start_time == 0) return Liveness::kUnknown;
    return stat->start_time == process.start_time ? Liveness::kAlive : Liveness::kDead;
  }
  // A process that is hidden answers EPERM here.
  return ::kill(process.pid, 0) != 0 && errno == ESRCH ? Liveness::kDead : Liveness::kUnknown;
}

bool is_running(const ProcessId& process) {
  if (liveness_of(process) != Liveness::kAlive) return false;
  const std::string stat = first_line("/proc/" + std::to_string(process.pid) + "/stat");
  const auto close = stat.rfind(')');
  const char state = close != std::string::npos && close + 2 < stat.size() ? stat[close + 2] : 'X';
  return state != 'T' && state != 't';
}

std::string current_actor() {
  if (const char* actor = std::getenv("WEIR_ACTOR"); actor != nullptr && *actor != '\0') return actor;
  passwd storage{};
  passwd* user = nullptr;
  char buffer[16'384];
  const bool found = ::getpwuid_r(::geteuid(), &storage, buffer, sizeof buffer, &user) == 0 && user != nullptr;
  return (found ? std::string(user->pw_name) : std::to_string(::geteuid())) + "@" + host_name();
}

}  // namespace weir
