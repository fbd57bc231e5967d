// A project folder with one migration, weir as a child process over it, and what the ledger says about the run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crash/table.hpp"

namespace weir::crash {

enum class Where { kNone, kUndone };  // kUndone: `where: n = 0`, so that sweeps follow

class Project {
 public:
  Project(const Context& context, std::string url);

  // UPDATE t SET n = n + 1: applied twice to a row it is wrong. `also` is added to SET.
  void add_data_migration(Where where, int batch, const std::string& also = "");
  // The same with more lines in its header, and sections behind the batch.
  void add_data_migration_with(const std::string& header, const std::string& assignment, const std::string& condition,
                               const std::string& sections = "");
  void add_schema_migration(const std::string& sections);
  // Several, as 1_m1, 2_m2, ...
  void add_numbered_migration(int number, const std::string& sections);
  void add_repeatable(const std::string& name, const std::string& sections);
  void configure(const std::string& lines);  // in weir.toml

  std::unique_ptr<Process> run(const std::vector<std::string>& more = {}) const;  // weir run bump
  // The same, behind the words of `prefix` and with another URL.
  std::unique_ptr<Process> run_on(const std::vector<std::string>& prefix, const std::string& url,
                                  const std::vector<std::string>& more) const;
  std::unique_ptr<Process> migrate() const;        // weir migrate
  std::unique_ptr<Process> roll_back_all() const;  // weir rollback --to 0
  std::unique_ptr<Process> start(const std::vector<std::string>& words) const;
  // With the program that acts at sync points. `actions` as in program/sync_actions.cpp; `log` gets the points passed.
  std::unique_ptr<Process> start_with(const std::string& actions, const std::filesystem::path& log,
                                      const std::vector<std::string>& words) const;
  const std::string& url() const { return url_; }
  void use_url(const std::string& url) { url_ = url; }

 private:
  std::vector<std::string> command(const std::filesystem::path& program, const std::vector<std::string>& words) const;
  void write(const std::filesystem::path& file, const std::string& text) const;
  const Options& options_;
  std::filesystem::path folder_;
  std::string url_;
};

// From 1 to 8 where several can write, else 1.
int some_workers(const Sql& sql, Random& random);
// The option of `weir run`.
std::vector<std::string> workers_option(int workers);

struct RunView {
  bool exists = false;
  std::string state;
  std::int64_t attempts = 0;
  std::int64_t pass = 0;
  std::int64_t rows_done = 0;
  std::int64_t batches = 0;
};
// The newest run as it stands in the ledger; also when there is no ledger yet.
RunView look_at_run(Sql& sql);

// Looks every few milliseconds until `seen` or the process has ended. True: seen.
template <typename Seen>
bool await(Process& process, Seen seen) {
  for (;;) {
    if (seen()) return true;
    if (process.wait_for(Microseconds(3000))) return seen();
  }
}

// The run has succeeded, once, and its counters equal the truth. Errors: Failure.
void check_ledger(Sql& sql, std::int64_t rows_done);
// check_rows() and check_ledger().
void check_complete(Sql& sql, const Table& table);

}  // namespace weir::crash
