// The disk is full: a clear error, nothing half done, and it goes on when there is room again. Needs the right to
// mount.
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "crash/scenarios.hpp"

namespace weir::crash {
namespace {

// A small file system of its own, seen by this process and its children only.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, int megabytes) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    const std::string options = fmt::format("size={}m,mode=0777", megabytes);
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, options.c_str()) != 0)
      throw Skipped(fmt::format("a small file system cannot be mounted here: {}", std::strerror(errno)));
  }
  ~SmallDisk() { ::umount2(folder_.c_str(), MNT_DETACH); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  // Leaves so many bytes.
  void fill(std::uint64_t left) const {
    std::ofstream ballast(folder_ / "ballast", std::ios::binary);
    const std::string block(4096, 'x');
    while (free_bytes() > left && ballast.write(block.data(), 4096).flush()) {
    }
  }
  void make_room() const { std::filesystem::remove(folder_ / "ballast"); }

 private:
  std::uint64_t free_bytes() const {
    struct statvfs now {};
    ::statvfs(folder_.c_str(), &now);
    return now.f_bavail * now.f_bsize;
  }
  std::filesystem::path folder_;
};

// Nothing half done: as many rows are changed as the ledger counts, each once.
void check_part(Sql& sql) {
  const auto run = look_at_run(sql);
  const auto changed = sql.integer("SELECT count(*) FROM t WHERE n = 1");
  const auto wrong = sql.integer("SELECT count(*) FROM t WHERE n NOT IN (0, 1)");
  if (changed != run.rows_done || wrong != 0) {
    throw Failure(
        fmt::format("{} rows are changed and {} are wrong, the ledger counts {}", changed, wrong, run.rows_done));
  }
}

// Runs until it has succeeded; the room grows step by step, so the disk is full at several places.
std::string fill_and_go_on(Context& context, const SmallDisk& disk, Sql& sql, const Table& table,
                           const Project& project, int rounds) {
  int full = 0;
  std::int64_t rows_at_first = -1;
  for (int i = 0; i < rounds; ++i) {
    disk.make_room();
    disk.fill(static_cast<std::uint64_t>(context.random.between(200'000, 1'500'000)));
    const auto process = project.run({"--json"});
    const int code = process->wait();
    if (code == 0) break;
    if (process->whole_output().find("\"disk-full\"") == std::string::npos)
      throw Failure(fmt::format("ended with {} and not for a full disk:\n{}", code, process->output()));
    check_part(sql);
    if (rows_at_first < 0) rows_at_first = look_at_run(sql).rows_done;
    ++full;
  }
  disk.make_room();
  const auto process = project.run();
  if (const int code = process->wait(); code != 0)
    throw Failure(fmt::format("with room again: ended with {}:\n{}", code, process->output()));
  check_complete(sql, table);
  if (full == 0) throw Failure("the disk was never full");
  return fmt::format("{} times full (first after {} rows), then completed", full, rows_at_first);
}

constexpr const char* kGrow =
    ", pad = 'a much longer text than before, so that the row does not fit where it was, and needs another page; "
    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
    "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789'";

}  // namespace

std::string disk_full_sqlite(Context& context) {
  std::string figures;
  for (int round = 0; round < context.amount(4, 1); ++round) {
    const SmallDisk disk(context.folder / "disk", 64);
    const auto store = context.engine.fresh(disk.folder(), context.random);
    Sql sql(store->url());
    const Table table = create_table(sql, key_type_of_round(round), 8'000);
    Project project(context, store->url());
    project.add_data_migration(Where::kNone, 50, kGrow);
    figures += (figures.empty() ? "" : "; ") + fill_and_go_on(context, disk, sql, table, project, 4);
  }
  return figures;
}

// Only the table stands on the small disk; a full disk under the log stops the whole server. It is a server of its own,
// because it has to see the mount.
std::string disk_full_postgres(Context& context) {
  const auto tool = (context.options.root / "tools/postgres-server").string();
  const SmallDisk disk(context.options.folder / "small-disk", 24);
  const auto space = disk.folder() / "space";
  std::filesystem::create_directory(space);
  const auto log = context.folder / "server.log";
  const auto server = context.options.folder / "server-small-disk";
  struct Stop {
    std::vector<std::string> command;
    std::filesystem::path log;
    ~Stop() { Process(command, log).wait_for(std::chrono::seconds(30)); }
  } const stop{{tool, "stop", server.string(), "immediate"}, log};
  std::string url = run_command({tool, "start", server.string()}, log);
  url.erase(url.find_last_not_of('\n') + 1);
  if (::geteuid() == 0) run_command({"/bin/chown", "postgres:", space.string()}, log);
  Sql sql(url);
  sql.execute(fmt::format("CREATE TABLESPACE small LOCATION '{}'", space.string()));
  sql.execute("SET default_tablespace = small");
  const Table table = create_table(sql, KeyType::kBigint, 8'000);
  Project project(context, url);
  project.add_data_migration(Where::kNone, 50, kGrow);
  return fill_and_go_on(context, disk, sql, table, project, 4);
}

}  // namespace weir::crash
