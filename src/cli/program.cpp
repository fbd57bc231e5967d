#include "cli/program.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <unistd.h>

#include "base/process.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

StopToken stop_token;

// The first signal asks to stop: after the present batch, or by cancelling the statement of a migration. The second
// ends the process; the database rolls back what was open.
void on_signal(int) {
  if (stop_token.requested()) ::_exit(exit_code(Code::kInterrupted));
  stop_token.request();
  constexpr char kText[] = "\nstopping; once more stops at once (nothing is lost either way)\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText, sizeof kText - 1);
}

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A closed pipe or connection is reported by write(), not by killing the process.
  std::signal(SIGPIPE, SIG_IGN);
  // A file size limit likewise: the write fails, the transaction rolls back.
  std::signal(SIGXFSZ, SIG_IGN);
}

int report_error(const Error& error, bool json) {
  if (json) {
    std::fputs(report::to_json(error).c_str(), stdout);
  } else {
    std::fputs(report::to_text(error, colour_of(STDERR_FILENO)).c_str(), stderr);
  }
  return exit_code(error.code());
}

int dispatch(const std::vector<std::string>& arguments, bool& json) {
  const CommandLine line = parse_command_line(arguments, json);
  if (const auto* printed = std::get_if<Printed>(&line.command)) {
    std::fputs(printed->text.c_str(), stdout);
    return 0;
  }
  const Context context{line.global,
                        project::load_config(line.global.directory, line.global.url),
                        stop_token,
                        system_clock(),
                        current_actor(),
                        colour_of(STDOUT_FILENO),
                        colour_of(STDERR_FILENO)};
  return std::visit([&](const auto& options) { return run_command(context, options); }, line.command);
}

}  // namespace

int run_command(const Context& context, const Printed& options) {
  context.print(options.text);
  return 0;
}

int run_program(const std::vector<std::string>& arguments) noexcept {
  bool json = false;
  try {
    install_signal_handlers();
    return dispatch(arguments, json);
  } catch (const Error& error) {
    return report_error(error, json);
  } catch (const std::exception& error) {
    return report_error(Error(Code::kInternal, error.what()).hint("this is a defect of weir: please report it"), json);
  } catch (...) {
    std::fputs("error: unknown failure\n", stderr);
    return 1;
  }
}

}  // namespace weir::cli
