#include <cstdio>
#include <cstdlib>

#include "cli/program.hpp"

int main(int argc, char** argv) {
  const int code = weir::cli::run_program({argv + 1, argv + argc});
#ifdef __SANITIZE_ADDRESS__
  return code;  // leaks are looked for at the end
#else
  // To tear down the client libraries of a server takes longer than a deploy with nothing to do.
  std::fflush(nullptr);
  std::_Exit(code);
#endif
}
