// Performs the steps of a deploy, in their order. Not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "backfill/row_program.hpp"
#include "migrate/apply.hpp"
#include "migrate/step_result.hpp"

namespace weir::migrate {

class Performer {
 public:
  // `on_result` is called for each step when what came of it is committed (of a migration with a journal: can be told
  // from the journal).
  using OnResult = std::function<void(StepResult)>;
  Performer(const ApplyContext& context, const project::Timeline& timeline, const backfill::RowPrograms& row_programs,
            OnResult on_result)
      : context_(context), timeline_(timeline), row_programs_(row_programs), on_result_(std::move(on_result)) {}

  // Now, or together with the next ones. Errors: the engine's, also of steps before that were not performed yet.
  void perform(const Step& step, const Decider& decider);
  // Afterwards everything that was to be performed is in the database and in the ledger.
  void catch_up();

 private:
  void apply_the_waiting();
  StepResult perform_alone(const Step& step, const Decider& decider);
  Gates gates_of(const project::Migration& migration) const;
  void name_long_holders(const project::Migration& migration);
  bool has_old_transactions();
  void run_inline(const project::Migration& migration, StepResult& result);

  const ApplyContext& context_;
  const project::Timeline& timeline_;
  const backfill::RowPrograms& row_programs_;
  OnResult on_result_;
  std::vector<Step> together_;                                   // to be applied together
  std::optional<std::chrono::steady_clock::time_point> looked_;  // for old transactions
  bool old_transactions_ = false;
};

}  // namespace weir::migrate
