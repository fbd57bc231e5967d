// Another program, run to its end with everything it says kept. For short-lived helpers such as a database's own dump
// program; not for programs that are talked to.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace weir {

struct ProgramOutput {
  int exit_code = -1;  // 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

// `command`: path and arguments, visible to every user of the host: no secrets. `environment` is added to ours, which
// only the same user can see. Its standard input is empty. Errors: kNotFound when it cannot be started.
ProgramOutput run_and_capture(const std::vector<std::string>& command,
                              const std::map<std::string, std::string>& environment = {});

}  // namespace weir
