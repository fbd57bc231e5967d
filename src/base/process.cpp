#include "base/process.hpp"

#include <climits>
#include <cstdlib>
#include <fstream>
#include <iterator>
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
  return first_line("/proc/sys/kernel/random/boot_id") + "/" +
         (n > 0 ? std::string(ns, static_cast<std::size_t>(n)) : "");
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

// 0 when there is no such process. Field 22 is counted after the last ')' because the program's name may hold anything.
long start_time_of(int pid) {
  const std::string stat = first_line("/proc/" + std::to_string(pid) + "/stat");
  const auto close = stat.rfind(')');
  if (close == std::string::npos) return 0;
  std::istringstream rest(stat.substr(close + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) rest >> field;
  // A zombie has been killed already; it only waits for its parent.
  std::istringstream again(stat.substr(close + 1));
  std::string state;
  again >> state;
  return state == "Z" || state == "X" ? 0 : std::strtol(field.c_str(), nullptr, 10);
}

}  // namespace

ProcessId this_process() {
  const int pid = static_cast<int>(::getpid());
  return {host_identity(), host_name(), pid, start_time_of(pid)};
}

Liveness liveness_of(const ProcessId& process) {
  if (process.host.empty() || process.host != host_identity()) return Liveness::kUnknown;
  const long start = start_time_of(process.pid);
  return start != 0 && start == process.start_time ? Liveness::kAlive : Liveness::kDead;
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
  const passwd* user = ::getpwuid(::geteuid());
  return (user != nullptr ? std::string(user->pw_name) : std::to_string(::geteuid())) + "@" + host_name();
}

}  // namespace weir
