// Spares the server from planning small batches anew each time. PostgreSQL goes on doing that for key ranges, because
// it guesses a range without values to hold 0.5 % of the table and thinks such a plan dear; for a batch of 100 rows
// planning is a fifth of the work. So weir asks the server for both plans, and only where they are alike (the same
// nodes, joins and indexes) it has the plan without values reused; it looks again every few seconds, because statistics
// change. Source: PostgreSQL manual, "PREPARE", notes on generic and custom plans. Not thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "engines/postgres/batch_step.hpp"

namespace weir::engines::postgres {

class Connection;

class PlanChoice {
 public:
  // `target` is the table of the change as its text names it, or empty.
  PlanChoice(Connection& connection, std::string target) : connection_(connection), target_(std::move(target)) {}

  // Before a batch that sends `steps`, bound. Changes the session's plan_cache_mode, nothing else.
  // Errors: transient ones and kCancelled; otherwise what cannot be found out counts as plans that differ.
  void prefer_generic(const std::vector<const Step*>& steps);

 private:
  bool is_free_of_triggers();
  bool are_alike(const std::vector<const Step*>& steps);
  std::vector<std::string> explain(const Step& step, std::string_view mode);

  Connection& connection_;
  std::string target_;
  std::chrono::steady_clock::time_point looked_{};
};

// A plan as EXPLAIN prints it, without what depends on values: one line for each node and each kind of condition.
std::vector<std::string> shape_of(const std::vector<std::string>& explained);

}  // namespace weir::engines::postgres
