// A project: the migration files of a directory and the database they belong to. Everything that the library does
// begins here.
//
//   auto project = weir::Project::open({.directory = "/srv/shop", .url = "sqlite:/srv/shop/shop.db"});
//   project.migrate();
//   project.run("fill_users_role");
//
// Invariants: those of the program, because it is the same code. A batch of rows, its cursor and its counters commit in
// one transaction; a worker that was believed dead commits nothing; whatever ends a process, the next call goes on
// behind the last batch, and no row is changed twice.
//
// Threads: a Project is thread-safe. It holds no connection: every call opens its own and closes them before it
// returns, so calls from several threads run at the same time, as separate processes would. A process may have any
// number of Projects, of one database too. Moving and destroying one while a call is under way is the only thing that
// its owner must prevent; register_row_program() may be called at any time.
//
// What the library leaves alone: it handles no signals, prints nothing, never ends the process and reads no
// environment but DATABASE_URL and WEIR_ACTOR in open(); the client libraries read theirs (PGPASSFILE, ...). SIGPIPE
// should be ignored by the program, as by everything that talks to servers.
//
// Errors: every call throws weir::Error (error.hpp), which knows its code, place, hint and what may be done about it.
// After an error nothing is half done that the next call does not find and complete. A broken file is found before the
// first statement.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>
#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/migrate.hpp>
#include <weir/observer.hpp>
#include <weir/row_program.hpp>
#include <weir/run.hpp>
#include <weir/status.hpp>

namespace weir {

struct ProjectOptions {
  // Where the project is: the nearest weir.toml, here or in a folder above, names the folders of the files; without one
  // they are db/migrate and db/data.
  std::filesystem::path directory = ".";
  // Stronger than `url` in weir.toml, .env and DATABASE_URL. A relative SQLite path counts from the project's root.
  std::optional<std::string> url = {};
  // Who acts, as the ledger records it; empty: $WEIR_ACTOR, else user@host.
  std::string actor = {};
};

class WEIR_API Project {
 public:
  // Reads weir.toml and .env. Does not connect yet; migration files are read anew by each call. Errors: kConfig.
  static Project open(const ProjectOptions& options = {});
  ~Project();
  Project(Project&&) noexcept;
  Project& operator=(Project&&) noexcept;

  // --- schema

  // Applies what is ready, runs data migrations of small tables, queues those of large ones, and waits at gates. That
  // something waits is a value, not an error. One deployer works at a time; with nothing to do the lock is not taken.
  // Errors: kDeployLockHeld; kLockTimeout when a table stays locked; kInterrupted; what a statement fails with, at its
  // place in the file. What came before is applied, and was told to the observer.
  MigrateResult migrate(const MigrateOptions& options = {}, Observer* observer = nullptr) const;

  // Undoes applied schema migrations, the last one first. Errors: kNotReversible, kGateClosed and kNotFound before
  // anything is undone; as migrate().
  std::vector<RolledBack> rollback(const RollbackOptions& options = {}, Observer* observer = nullptr) const;

  // Measures on the data whether what is applied is complete and right; one migration, or all that can be verified.
  // That rows are left or wrong is a value. Errors: kNotFound.
  std::vector<Verification> verify(const std::optional<std::string>& name = {}) const;

  // Where everything stands, by files and ledger; measures nothing and writes nothing. Errors: kInDoubt when another
  // tool, whose project weir adopted, is in the middle of a migration.
  Status status() const;

  // --- row programs

  // Registers the function that computes the rows of the data migration of this name, for calls of this Project that
  // begin afterwards: run(), migrate() and work(). It replaces an earlier one. The project needs no such migration.
  // Errors: kUsage for an empty function.
  void register_row_program(const std::string& name, RowFunction function);

  // --- runs. `name`: of a data migration, or its version

  // Executes a data migration in this thread, and in others when more workers are asked for: begins it, goes on where
  // it stood, or helps those who work on it. Returns when it has succeeded or this process has left it. Errors:
  // kGateClosed while what it requires is not complete; kDefinitionChanged; kScansTable; kResidualDoesNotShrink;
  // kVerificationFailed; kQuarantined; kUsage when its row program is not registered; whatever a batch fails with.
  RunOutcome run(const std::string& name, const RunOptions& options = {}, Observer* observer = nullptr) const;

  // Queues it for work(), here or on another host: the run that waits already, or a new one. Complete ones stay as they
  // are. Errors: kGateClosed; kUsage for parameters of a run that has its own.
  RunStatus start(const std::string& name, const StartOptions& options = {}) const;

  // Executes what is queued, by the text that the ledger has; files are not needed. Returns how many runs failed and
  // were left, when it is asked to stop or nothing is left to do. A server that goes away for a while is waited for.
  std::size_t work(const WorkOptions& options = {}, Observer* observer = nullptr) const;

  // All return how the run stands afterwards. Errors: kNotFound when it never ran; kIllegalTransition when its state
  // does not allow it.
  // Lets all workers, of all processes, finish their batches and leave, and waits for it: `pausing` when they took
  // longer than that.
  RunStatus pause(const std::string& name, const WaitOptions& wait = {}) const;
  // Queues it again; run() goes on without it.
  RunStatus resume(const std::string& name) const;
  // Ends it for good; what it changed stays changed. Waits as pause() does.
  RunStatus cancel(const std::string& name, const WaitOptions& wait = {}) const;
  // Errors: kUsage for a value out of its range.
  RunStatus tune(const std::string& name, const Tuning& tuning) const;

  // Gives rows their old values back that a run with `keep:` changed; rows that somebody changed since are left alone.
  // Errors: kGateClosed while a migration that requires it is applied; kDeployLockHeld; kNotFound when nothing is kept;
  // kNotReversible.
  UndoOutcome undo(const std::string& name, const UndoOptions& options = {}, Observer* observer = nullptr) const;

  // --- watching

  // The newest run of a data migration. Errors: kNotFound.
  RunStatus run_status(const std::string& name) const;
  // Of each data migration the newest; those that are not over first. Empty before the first migrate().
  std::vector<RunStatus> runs() const;
  // Calls `look` with the same, at once and then every `interval`, over one connection, until it returns false or the
  // stop is requested. In this thread; what `look` throws comes out of here.
  void watch(const std::function<bool(const std::vector<RunStatus>&)>& look,
             std::chrono::milliseconds interval = std::chrono::milliseconds(500),
             const std::stop_token& stop = {}) const;

  // --- the database

  std::string engine() const;    // "postgres", "mysql", "mariadb", "sqlite"
  std::string database() const;  // its URL without password

 private:
  class Impl;
  explicit Project(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
