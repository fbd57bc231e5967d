// The workers of this process: as many threads as are wanted at the moment, and the pulse.
#pragma once

#include <list>
#include <mutex>
#include <thread>

#include "backfill/worker.hpp"

namespace weir::backfill {

class Crew {
 public:
  Crew(const RunContext& context, RunBoard& board) : context_(context), board_(board) {}

  // Works in this thread and in others; returns when no worker of this process works on the run any more. What the run
  // ended with, if it ended here. Errors: the first one of a worker; the others have left the run by then.
  std::optional<Ending> work();

 private:
  // Starts the workers that are missing; those too many leave by themselves.
  void fill_up();
  bool act(int number);
  void close();

  RunContext context_;
  RunBoard& board_;
  std::mutex mutex_;
  struct Member {
    int number;
    bool ended = false;
    std::thread thread;
  };
  std::list<Member> members_;  // without number 0
  bool closed_ = false;        // nobody is taken on any more
  std::optional<Ending> ending_;
};

}  // namespace weir::backfill
