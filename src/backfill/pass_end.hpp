// What comes when all slices of a pass are done: the residual is measured, and either the next pass is planned or the
// run is verified and ends. Done under the lease of the run itself (ledger::kRunItself), by whichever worker gets it.
#pragma once

#include "backfill/run_board.hpp"
#include "backfill/slice_walk.hpp"

namespace weir::backfill {

struct Ending {
  std::int64_t residual = 0;
  std::optional<std::int64_t> violations;  // nothing: no migrate:verify
};

class PassEnd {
 public:
  struct Context {
    const db::Database& database;
    const Program& program;
    const ledger::Run& run;
    Session& session;
    Clock& clock;
    RunBoard& board;
    const std::string& actor;
    std::int64_t wanted_slices;
    std::chrono::steady_clock::time_point started;
  };
  explicit PassEnd(const Context& context) : context_(context) {}

  // Nothing: a pass was planned, or somebody else had done what was to do. Otherwise the run has succeeded.
  // Errors: kResidualDoesNotShrink, kVerificationFailed, kLeaseLost.
  std::optional<Ending> act();

 private:
  bool is_due();
  void plan(std::int64_t pass);
  void check_progress(std::int64_t pass, std::int64_t residual) const;
  void refuse_quarantined(std::int64_t residual) const;
  std::optional<std::int64_t> verify();
  void succeed(std::int64_t passes);

  Context context_;
};

}  // namespace weir::backfill
