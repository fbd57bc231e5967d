// Connection::diagnose() for SQLite: the file, its folder and what is in it.
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <unistd.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "engines/sqlite/connection.hpp"
#include "engines/sqlite/deploy_lock.hpp"

namespace weir::engines::sqlite {
namespace {

namespace fs = std::filesystem;
using db::Diagnosis;
using Level = db::Diagnosis::Level;

constexpr int kOldestLibrary = 3'037'000;  // has pragma_table_list
// A check of the whole file may take hours; what it finds in this time is worth having.
constexpr Milliseconds kCheckTime{3000};
constexpr std::uintmax_t kLargeLog = 256 << 20;

std::string pragma(Connection& connection, const std::string& name) {
  const auto result = connection.execute_text("PRAGMA " + name);
  return result.rows.empty() ? "" : db::as_text(result.rows[0].at(0));
}

// As the shell takes it.
std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Diagnosis version() {
  const std::string text = fmt::format("SQLite {}", sqlite3_libversion());
  if (sqlite3_libversion_number() >= kOldestLibrary) return {Level::kGood, "version", text, ""};
  return {Level::kProblem, "version", text + " is older than 3.37, which weir needs", "install a newer libsqlite3"};
}

Diagnosis journal_mode(Connection& connection, const std::string& path) {
  const std::string mode = pragma(connection, "journal_mode");
  if (mode == "wal") return {Level::kGood, "journal mode", "wal", ""};
  return {Level::kWarning, "journal mode",
          fmt::format("{}: a reader and a writer exclude each other, so the application waits while weir works", mode),
          fmt::format("sqlite3 {} 'PRAGMA journal_mode = WAL'", shell_quoted(path))};
}

Diagnosis busy_timeout(Connection& connection) {
  const std::string ms = pragma(connection, "busy_timeout");
  if (ms != "0") return {Level::kGood, "busy timeout", ms + " ms", ""};
  return {Level::kWarning, "busy timeout", "0: a statement fails at once while another process writes",
          "remove busy_timeout from the URL, or set 5s"};
}

// What `check` finds within kCheckTime; its first row that is not "ok" is the finding.
Diagnosis bounded_check(Connection& connection, const std::string& subject, const std::string& check,
                        const std::string& remedy, const std::function<std::string(const db::Row&)>& describe) {
  connection.set_statement_timeout(kCheckTime);
  struct Reset {
    Connection& connection;
    ~Reset() { connection.set_statement_timeout(Milliseconds(0)); }
  } const reset{connection};
  try {
    const auto found = connection.execute_text(check);
    const bool clean = found.rows.empty() || db::as_text(found.rows[0].at(0)) == "ok";
    return clean ? Diagnosis{Level::kGood, subject, "ok", ""}
                 : Diagnosis{Level::kProblem, subject, describe(found.rows[0]), remedy};
  } catch (const Error& error) {
    if (error.code() != Code::kTimeout) return {Level::kProblem, subject, error.message(), remedy};
    return {Level::kUnknown, subject,
            fmt::format("not finished within {}: the file is large", human_duration(kCheckTime)), remedy};
  }
}

Diagnosis integrity(Connection& connection, const std::string& path) {
  return bounded_check(
      connection, "integrity", "PRAGMA quick_check(1)",
      fmt::format("sqlite3 {} 'PRAGMA integrity_check'; restore from a backup what it names", shell_quoted(path)),
      [](const db::Row& row) { return db::as_text(row.at(0)); });
}

Diagnosis foreign_keys(Connection& connection, const std::string& path) {
  Diagnosis found = bounded_check(
      connection, "foreign keys", "PRAGMA foreign_key_check",
      fmt::format("sqlite3 {} 'PRAGMA foreign_key_check' lists the rows; correct or delete them", shell_quoted(path)),
      [](const db::Row& row) {
        return fmt::format("rows of table {} refer to rows of {} that do not exist", db::as_text(row.at(0)),
                           db::as_text(row.at(2)));
      });
  if (found.level == Level::kGood && pragma(connection, "foreign_keys") == "0")
    found.message = "no row violates one; they are not enforced in weir's sessions (foreign_keys=on in the URL)";
  return found;
}

Diagnosis writable(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  for (const auto& one : {path, folder}) {
    if (::faccessat(AT_FDCWD, one.c_str(), W_OK, AT_EACCESS) == 0) continue;
    return {Level::kProblem, "file", fmt::format("{} is not writable for this user", one),
            fmt::format("chmod u+w {}; SQLite writes its journal into the folder", shell_quoted(one))};
  }
  return {Level::kGood, "file", "file and folder are writable", ""};
}

Diagnosis disk_space(const std::string& path) {
  std::error_code failed;
  const auto space = fs::space(fs::path(path).parent_path(), failed);
  const auto size = fs::file_size(path, failed);
  if (failed) return {Level::kUnknown, "disk space", failed.message(), ""};
  const std::string text = fmt::format("{} MiB free, the database has {} MiB", space.available >> 20, size >> 20);
  if (space.available >= size) return {Level::kGood, "disk space", text, ""};
  return {Level::kWarning, "disk space", text + ": a table cannot be rebuilt, and VACUUM cannot run", "free space"};
}

Diagnosis write_ahead_log(const std::string& path) {
  std::error_code none;
  const auto size = fs::file_size(path + "-wal", none);
  if (none || size < kLargeLog)
    return {Level::kGood, "write-ahead log", none ? "none" : fmt::format("{} MiB", size >> 20), ""};
  return {Level::kWarning, "write-ahead log",
          fmt::format("{} MiB: a reader that does not end keeps it from being taken over", size >> 20),
          fmt::format("end long readers, then: sqlite3 {} 'PRAGMA wal_checkpoint(TRUNCATE)'", shell_quoted(path))};
}

// The file is removed after each deploy; one that nobody holds is left from a deployer that was killed.
Diagnosis lock_file(const std::string& path) {
  const std::string file = deploy_lock_path(path);
  if (!fs::exists(file) || deploy_lock_holder(path)) return {Level::kGood, "lock file", "no leftover", ""};
  return {Level::kWarning, "lock file",
          fmt::format("{} is left over from a deployer that was killed; it hinders nobody", file),
          fmt::format("rm {}", shell_quoted(file))};
}

}  // namespace

std::vector<db::Diagnosis> Connection::diagnose() {
  const char* name = sqlite3_db_filename(handle(), "main");
  const std::string path = name != nullptr ? name : "";
  return {version(),
          writable(path),
          disk_space(path),
          journal_mode(*this, path),
          busy_timeout(*this),
          write_ahead_log(path),
          lock_file(path),
          integrity(*this, path),
          foreign_keys(*this, path)};
}

}  // namespace weir::engines::sqlite
