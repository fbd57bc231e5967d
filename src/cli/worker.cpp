#include "backfill/work_queue.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/run_control.hpp"
#include "cli/terminal.hpp"
#include "report/json.hpp"

namespace weir::cli {
namespace {

// Prints what came of each run; its progress meanwhile.
class QueueView final : public backfill::QueueObserver {
 public:
  QueueView(const Context& context, const db::Database& database)
      : context_(context), database_(database), progress_(context.global.json) {}

  void on_progress(const backfill::Progress& progress) override { progress_.on_progress(progress); }
  void on_note(const std::string& text) override { progress_.on_note(text); }
  void on_ended(const project::Migration& migration, const backfill::RunOutcome& outcome) override {
    progress_.finish();
    if (outcome.state == ledger::RunState::kSucceeded) drop_expired_images(context_, database_);
    context_.print(context_.global.json ? report::to_json(migration, outcome)
                                        : report::to_text(migration, outcome, context_.colour));
  }
  void on_left(const ledger::Run& run) override {
    progress_.finish();
    std::fputs(backfill::left_to_others(run).c_str(), stderr);
    std::fputs("\n", stderr);
  }
  void on_failed(const ledger::Run*, const Error& error) override {
    progress_.finish();
    const bool json = context_.global.json;
    std::fputs((json ? report::to_json(error) : report::to_text(error, context_.error_colour)).c_str(),
               json ? stdout : stderr);
  }

 private:
  const Context& context_;
  const db::Database& database_;
  ProgressView progress_;
};

}  // namespace

int run_command(const Context& context, const WorkerOptions& options) {
  using Until = backfill::WorkRequest::Until;
  const auto database = context.open_existing_database();
  QueueView view(context, *database);
  const backfill::WorkRequest request{options.once ? Until::kNothingLeft : Until::kStopped, options.workers,
                                      context.actor};
  const auto failed = backfill::work_queue(*database, context.clock, context.stop, view, request);
  return options.once && failed > 0 ? 1 : 0;
}

}  // namespace weir::cli
