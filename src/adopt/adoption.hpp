// Taking over: what the former tool has applied becomes part of weir's ledger. Its own table is only read.
#pragma once

#include <string>
#include <vector>

#include "adopt/history.hpp"
#include "ledger/history.hpp"
#include "project/timeline.hpp"

namespace weir::adopt {

// What adopting does, or would do.
struct Adoption {
  Tool tool = Tool::kDbmate;
  std::string folder;
  std::string table;
  std::vector<const project::Migration*> adopted;      // applied by the tool, to be recorded
  std::vector<const project::Migration*> repeatables;  // likewise; those that changed since are pending
  std::vector<AppliedRow> missing;                     // applied by the tool, to be recorded, and without a file
  std::vector<const project::Migration*> pending;
  std::size_t known = 0;  // recorded before
  std::vector<Problem> problems;
  const Problem* unfinished() const;
};

// Reads only. `timeline` holds the tool's files and must outlive the result; `ledger` is empty when there is none yet.
Adoption plan_adoption(Tool tool, const project::Config& config, const std::string& folder,
                       const project::Timeline& timeline, const History& history, ledger::Ledger* ledger);

// Records it in one transaction. The deploy lock and the tool's own must be held. Errors: kInDoubt while a migration of
// the tool is unfinished.
void record(ledger::Ledger& ledger, const Adoption& adoption, const std::string& actor);

[[noreturn]] void refuse_unfinished(const Problem& problem);

// What of the tool's history keeps weir from working: in an adopted project, and in one that weir has not touched yet.
std::optional<Problem> find_unfinished(const project::Config& config, db::Connection& connection,
                                       const sql::Dialect& dialect);

// Before weir changes anything in an adopted project. Errors: kInDoubt for an unfinished migration of the tool; kUsage
// when the tool has applied what the ledger does not know; kNotFound when the table that is to be kept is gone.
void check_in_step(const project::Config& config, const project::Timeline& timeline, const db::Database& database,
                   db::Connection& connection, ledger::Ledger* ledger);

}  // namespace weir::adopt
