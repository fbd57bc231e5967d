// Another program, run by a test: its output goes into files, so it never blocks on a full pipe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "support/temp_dir.hpp"

namespace weir::test {

struct Ended {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

class ChildProcess {
 public:
  // `environment` is added to ours; an empty value removes the name.
  ChildProcess(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment = {},
               const std::string& directory = "");
  // Kills what still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const;
  Ended wait();

 private:
  TempDir output_;
  pid_t pid_ = -1;
  bool running_ = false;
};

Ended run_process(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment = {},
                  const std::string& directory = "");

}  // namespace weir::test
