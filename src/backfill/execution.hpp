// One execution of a data migration by this process: choosing the run or joining it, the crew, the end. Used by Runner
// only.
#pragma once

#include "backfill/crew.hpp"
#include "backfill/run_end.hpp"
#include "backfill/runner.hpp"

namespace weir::backfill {

class Execution {
 public:
  Execution(const db::Database& database, Clock& clock, const StopToken& stop, Observer& observer,
            const RunRequest& request);

  RunOutcome execute();

 private:
  // From connecting to the end. Everything is looked up anew, so it can be repeated.
  RunOutcome attempt();
  bool may_attempt_again(const Error& error) const;
  bool restarts() const;
  void connect();
  // False: complete already, nothing to do.
  bool choose_run();
  ParameterValues choose_parameters(const std::optional<ledger::Run>& latest);
  bool is_recorded();
  void refuse_uncomputable();
  void refuse_unless_open(const std::optional<ledger::Run>& latest) const;
  bool is_complete_already(const ledger::Run& latest);
  bool continues(const ledger::Run& latest);
  void cancel_old_run(const ledger::Run& latest, Batches batches, const std::string& why);
  // False: the run has succeeded meanwhile.
  bool activate();
  bool try_to_activate();
  void refuse_scan_at_start();
  bool record_refusal(ledger::RunState state, const Error& error);
  RunOutcome work();
  // What became of the run when the workers of this process left it.
  RunOutcome leave();
  bool settle(const std::vector<ledger::RunState>& path, const std::string& event);
  void fail(const Error& error) noexcept;
  void record_failure(const Error& error);
  RunOutcome outcome(ledger::RunState state) const;

  const db::Database& database_;
  Clock& clock_;
  const StopToken& stop_;
  Observer& observer_;
  const RunRequest& request_;
  std::chrono::steady_clock::time_point started_;
  std::unique_ptr<db::Connection> control_;
  std::optional<ledger::Ledger> ledger_;  // over `control_`
  ParameterValues parameters_;
  Program program_;
  ledger::Run run_;
  Backoff backoff_;         // between attempts
  bool connected_ = false;  // once
  bool active_ = false;     // once the run was `running`
  bool joined_ = false;     // it was `running` already
  bool at_work_ = false;    // once workers of this process may have claimed a slice
  std::int64_t rows_here_ = 0;
  std::int64_t residual_ = 0;
  std::optional<std::int64_t> violations_;
};

// The fields of a new run of `program`.
ledger::Run new_run(const Program& program, const ParameterValues& parameters, std::optional<std::int64_t> rows_total,
                    const std::string& actor);

}  // namespace weir::backfill
