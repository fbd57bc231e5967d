#include "engines/sqlite/deploy_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/process.hpp"
#include "base/text.hpp"

namespace weir::engines::sqlite {
namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool is_same_file(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

class FileLock final : public db::DeployLock {
 public:
  FileLock(File file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  // Removed while it is still held; who waits for it notices that the name is gone (is_same_file) and starts over.
  // A file that somebody else made in its place is theirs.
  ~FileLock() override {
    if (is_same_file(file_.fd(), path_)) ::unlink(path_.c_str());
  }
  // The kernel keeps the lock; but if somebody removed or replaced the file, others lock another one.
  bool held() override { return is_same_file(file_.fd(), path_); }

 private:
  File file_;
  std::string path_;
};

// deploy_lock_holder() takes a shared lock for an instant to see whether there is a holder; flock knows no other
// question. That must not look like a deployer.
bool lock_exclusively(int fd) {
  constexpr int kAttempts = 5;
  constexpr Milliseconds kInstant{4};
  for (int attempt = 1;; ++attempt) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (attempt == kAttempts) return false;
    system_clock().sleep(kInstant);
  }
}

// Line 1: since (ms); line 2: the holder in words.
void write_holder(int fd, std::string_view actor) {
  const ProcessId self = this_process();
  const std::string text =
      fmt::format("{}\npid {} on {} ({})\n", system_clock().wall(), self.pid, self.hostname, actor);
  if (::ftruncate(fd, 0) == 0) {
    // Only a courtesy for whoever waits: the lock itself does not depend on it.
    [[maybe_unused]] const ssize_t written = ::pwrite(fd, text.data(), text.size(), 0);
  }
}

db::LockHolder read_holder(int fd) {
  char buffer[512];
  const ssize_t n = ::pread(fd, buffer, sizeof buffer, 0);
  const auto lines = split(std::string_view(buffer, n > 0 ? static_cast<std::size_t>(n) : 0), '\n');
  if (lines.size() < 2) return {"another process", 0};
  return {lines[1], parse_integer(lines[0]).value_or(0)};
}

}  // namespace

std::string deploy_lock_path(const std::string& database_path) {
  char resolved[PATH_MAX];
  return std::string(::realpath(database_path.c_str(), resolved) != nullptr ? resolved : database_path) + "-weir-lock";
}

db::LockAttempt try_deploy_lock(const std::string& database_path, std::string_view actor) {
  const std::string path = deploy_lock_path(database_path);
  for (;;) {
    File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (file.fd() < 0) {
      const Code code = errno == EROFS || errno == EACCES ? Code::kReadOnly : Code::kDatabase;
      throw Error(code, fmt::format("cannot create the lock file {}: {}", path, std::strerror(errno)))
          .hint("the folder of the database must be writable, for SQLite's own journal too");
    }
    if (!lock_exclusively(file.fd())) return {nullptr, read_holder(file.fd())};
    if (!is_same_file(file.fd(), path)) continue;
    write_holder(file.fd(), actor);
    return {std::make_unique<FileLock>(std::move(file), path), std::nullopt};
  }
}

std::optional<db::LockHolder> deploy_lock_holder(const std::string& database_path) {
  const File file(::open(deploy_lock_path(database_path).c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return std::nullopt;
  if (::flock(file.fd(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return read_holder(file.fd());
}

}  // namespace weir::engines::sqlite
