// Who is running: host, process and person, and whether another process of this host still lives.
#pragma once

#include <string>

namespace weir {

// Identity of a process that is never reused: host (boot and pid namespace), pid and start time.
struct ProcessId {
  std::string host;      // boot id and pid namespace: equal means that pids can be compared
  std::string hostname;  // for people
  int pid = 0;
  long start_time = 0;  // clock ticks since boot (/proc/PID/stat field 22)
};

ProcessId this_process();
// False where /proc does not tell when it began: then nothing is certain.
bool is_this_process(const ProcessId& process);

enum class Liveness { kAlive, kDead, kUnknown };
// kUnknown when the process is on another host or in another pid namespace, or when it exists but is hidden from us.
// kDead is proof: whoever asks takes over what the process held.
Liveness liveness_of(const ProcessId& process);

// Alive on this host and not stopped by a signal or a debugger.
bool is_running(const ProcessId& process);

// The person or job that acts, for the ledger: $WEIR_ACTOR, else user@hostname.
std::string current_actor();

}  // namespace weir
