// A child process whose end can be awaited, and that is killed with its owner.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace weir::crash {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::microseconds;

class Process {
 public:
  // Starts it with stdin closed; stdout and stderr are appended to `log`. `environment`: NAME=value, besides ours.
  Process(const std::vector<std::string>& command, const std::filesystem::path& log,
          const std::vector<std::string>& environment = {});
  // kill -9 if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const { return pid_; }
  Clock::time_point started() const { return started_; }
  void signal(int number) const;
  // By SIGSTOP.
  bool is_stopped() const;
  // kill -9 and reap. False: it had ended by itself before.
  bool kill();
  // The exit code (128 + signal when it died of one), or nothing when `limit` passed first.
  std::optional<int> wait_for(Microseconds limit);
  // As wait_for(); throws Failure with the log when it hangs for two minutes.
  int wait();
  bool was_killed() const { return killed_; }
  // The last 3000 bytes of what it wrote, and all of it.
  std::string output() const;
  std::string whole_output() const;

 private:
  int pid_ = -1;
  int descriptor_ = -1;  // pidfd: readable when the process has ended
  std::filesystem::path log_;
  std::uintmax_t log_begin_ = 0;
  Clock::time_point started_;
  std::optional<int> code_;
  bool killed_ = false;
};

// Runs a command to its end and returns what it wrote. Throws Failure when it does not end with 0.
std::string run_command(const std::vector<std::string>& command, const std::filesystem::path& log);

}  // namespace weir::crash
