#include "base/subprocess.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"

namespace weir {
namespace {

class Pipe {
 public:
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Code::kInternal, "no pipe: " + std::string(std::strerror(errno)));
    read_ = ends[0];
    write_ = ends[1];
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reader() const { return read_; }
  int writer() const { return write_; }
  void close_reader() { close_end(read_); }
  void close_writer() { close_end(write_); }

 private:
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  int read_ = -1;
  int write_ = -1;
};

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> as_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t spawn(std::vector<std::string> command, std::vector<std::string> environment, const Pipe& out, const Pipe& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.writer(), STDERR_FILENO);
  // What weir ignores (program.cpp) the other program does not expect to be ignored.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  const auto arguments = as_pointers(command);
  const auto variables = as_pointers(environment);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, arguments[0], &actions, &attributes, arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) throw Error(Code::kNotFound, fmt::format("cannot start {}: {}", command[0], std::strerror(failed)));
  return pid;
}

// False at the end of the pipe.
bool read_some(int fd, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(fd, buffer.data(), buffer.size());
  if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && errno == EINTR);
}

// Both at once, so that the program never waits for us on one of them.
void drain(Pipe& out, Pipe& err, ProgramOutput& output) {
  while (out.reader() >= 0 || err.reader() >= 0) {
    pollfd waiting[] = {{out.reader(), POLLIN, 0}, {err.reader(), POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0 && errno != EINTR) break;
    if (waiting[0].revents != 0 && !read_some(out.reader(), output.out)) out.close_reader();
    if (waiting[1].revents != 0 && !read_some(err.reader(), output.err)) err.close_reader();
  }
}

}  // namespace

ProgramOutput run_and_capture(const std::vector<std::string>& command,
                              const std::map<std::string, std::string>& environment) {
  Pipe out;
  Pipe err;
  const pid_t pid = spawn(command, merged_environment(environment), out, err);
  out.close_writer();
  err.close_writer();
  ProgramOutput output;
  drain(out, err, output);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace weir
