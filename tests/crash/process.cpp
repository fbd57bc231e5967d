#include "crash/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash/harness.hpp"

namespace weir::crash {

namespace {

// As execve() wants it; valid as long as `texts`.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& log,
                 const std::vector<std::string>& environment)
    : log_(log) {
  std::vector<std::string> all = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  const auto arguments = pointers_to(command), variables = pointers_to(all);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) throw Failure(fmt::format("cannot write {}: {}", log.string(), std::strerror(errno)));
  log_begin_ = std::filesystem::file_size(log);
  started_ = Clock::now();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  ::close(out);
  if (pid_ < 0) throw Failure(fmt::format("fork: {}", std::strerror(errno)));
  descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

Process::~Process() {
  kill();
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Process::signal(int number) const {
  if (!code_) ::kill(pid_, number);
}

bool Process::is_stopped() const {
  std::ifstream in(fmt::format("/proc/{}/stat", pid_));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto name_end = text.rfind(") ");
  return name_end != std::string::npos && text[name_end + 2] == 'T';
}

bool Process::kill() {
  if (code_) return false;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  killed_ = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return killed_;
}

std::optional<int> Process::wait_for(Microseconds limit) {
  if (code_) return code_;
  const auto deadline = Clock::now() + limit;
  for (;;) {
    const auto left = std::max(deadline - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), std::chrono::nanoseconds(left - seconds).count()};
    pollfd ended{descriptor_, POLLIN, 0};
    const int ready = ::ppoll(&ended, 1, &timeout, nullptr);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code_;
  }
}

int Process::wait() {
  const auto code = wait_for(std::chrono::minutes(2));
  if (!code) throw Failure("the process hangs; it wrote:\n" + output());
  return *code;
}

std::string Process::whole_output() const {
  std::ifstream in(log_, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(log_begin_));
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Process::output() const {
  const std::string text = whole_output();
  constexpr std::size_t kMost = 3000;
  return text.size() <= kMost ? text : "[...]" + text.substr(text.size() - kMost);
}

std::string run_command(const std::vector<std::string>& command, const std::filesystem::path& log) {
  Process process(command, log);
  if (const int code = process.wait(); code != 0)
    throw Failure(fmt::format("{} ended with {}:\n{}", command.front(), code, process.output()));
  return process.output();
}

}  // namespace weir::crash
