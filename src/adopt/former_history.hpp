// The former tool's history table, kept up to date so that a team can go back to that tool. The rows are those that the
// tool would have written; the table's shape is never changed. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adopt/tool.hpp"
#include "ledger/ledger.hpp"
#include "project/timeline.hpp"

namespace weir::adopt {

class FormerHistory {
 public:
  // Nothing unless the project was adopted with keep_history and the table is there.
  static std::optional<FormerHistory> open(const project::Config& config, const project::Timeline& timeline,
                                           const sql::Dialect& dialect, db::Connection& connection);

  // Both write over the ledger's connection, in its transaction. Migrations that the tool has no file of are left out,
  // except for Rails, whose history weir goes on with files of its own.
  void record_applied(ledger::Ledger& ledger, const project::Migration& migration, Milliseconds elapsed,
                      const std::string& actor) const;
  void record_rolled_back(ledger::Ledger& ledger, const project::Migration& migration, Milliseconds elapsed,
                          const std::string& actor) const;

 private:
  bool concerns(const project::Migration& migration) const;
  void insert_flyway_row(ledger::Ledger& ledger, const project::Migration& migration, const std::string& type,
                         Milliseconds elapsed, const std::string& actor) const;
  void set_only_version(ledger::Ledger& ledger, const std::string& version) const;

  Tool tool_ = Tool::kDbmate;
  std::string table_;  // quoted
  std::filesystem::path root_;
  std::string folder_;
  std::vector<project::Version> versions_;  // of the tool's files; growing
};

}  // namespace weir::adopt
