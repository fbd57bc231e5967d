#include "crash/sync_table.hpp"

namespace weir::crash {
namespace {

constexpr std::string_view kEveryEngine = "sqlite postgres mariadb", kServers = "postgres mariadb";

}  // namespace

const std::vector<Passage>& all_passages() {
  using enum SyncPoint;
  // clang-format off
  static const std::vector<Passage> kAll{
      {kLedgerTablesMade, "run", kEveryEngine, AfterCut::kNext},
      {kLedgerMade, "run", kEveryEngine, AfterCut::kNext},
      {kRunBeforeCommit, "run", kEveryEngine, AfterCut::kSurvives},
      {kRunCommitted, "run", kEveryEngine, AfterCut::kSurvives},
      {kStartBeforeCommit, "run", kEveryEngine, AfterCut::kSurvives},
      {kStartCommitted, "run", kEveryEngine, AfterCut::kSurvives},
      {kSlicesCut, "run", kEveryEngine, AfterCut::kSurvives},
      {kPassBeforeCommit, "run", kEveryEngine, AfterCut::kSurvives},
      {kPassCommitted, "run", kEveryEngine, AfterCut::kSurvives},
      {kClaimSought, "run", kEveryEngine, AfterCut::kSurvives},
      {kClaimBeforeCommit, "run", kEveryEngine, AfterCut::kSurvives},
      {kClaimCommitted, "run", kEveryEngine, AfterCut::kSurvives},
      {kBatchBegins, "run", kEveryEngine, AfterCut::kSurvives},
      {kBatchSent, "run", kServers, AfterCut::kSurvives},
      {kBatchBeforeCommit, "run", "sqlite", AfterCut::kSurvives},
      {kBatchCommitted, "run", kEveryEngine, AfterCut::kSurvives},
      {kBatchCounted, "run", kEveryEngine, AfterCut::kSurvives},
      {kSliceFinishing, "run", kEveryEngine, AfterCut::kSurvives},
      {kSliceFinished, "run", kEveryEngine, AfterCut::kSurvives},
      {kSliceReleasing, "run", kEveryEngine, AfterCut::kSurvives},
      {kSliceReleased, "run", kEveryEngine, AfterCut::kSurvives},
      {kResidualMeasured, "run", kEveryEngine, AfterCut::kSurvives},
      {kResidualRecorded, "run", kEveryEngine, AfterCut::kSurvives},
      {kRunVerified, "run", kEveryEngine, AfterCut::kSurvives},
      {kSuccessBeforeCommit, "run", kEveryEngine, AfterCut::kSurvives},
      {kSuccessCommitted, "run", kEveryEngine, AfterCut::kSurvives},
      {kFirstBatchBeforeCommit, "where", kEveryEngine, AfterCut::kSurvives},
      {kFirstBatchCommitted, "where", kEveryEngine, AfterCut::kSurvives},
      {kPassRepeats, "sweep", kEveryEngine, AfterCut::kSurvives},
      {kBatchNarrowed, "quarantine", kEveryEngine, AfterCut::kSurvives},
      {kQuarantineBeforeCommit, "quarantine", kEveryEngine, AfterCut::kSurvives},
      {kQuarantineCommitted, "quarantine", kEveryEngine, AfterCut::kSurvives},
      {kRetryBeforeCommit, "retry", kEveryEngine, AfterCut::kNext},
      {kRetryCommitted, "retry", kEveryEngine, AfterCut::kNext},
      {kSplitWanted, "split", kServers, AfterCut::kSurvives},
      {kSplitCut, "split", kServers, AfterCut::kSurvives},
      {kSplitBeforeCommit, "split", kServers, AfterCut::kSurvives},
      {kSplitCommitted, "split", kServers, AfterCut::kSurvives},
      {kWorkersLeft, "interrupted", kEveryEngine, AfterCut::kSurvives},
      {kSettleBeforeCommit, "interrupted", kEveryEngine, AfterCut::kSurvives},
      {kSettleCommitted, "interrupted", kEveryEngine, AfterCut::kSurvives},
      {kLeaseRenewing, "renewed", kServers, AfterCut::kSurvives},
      {kLeaseRenewed, "renewed", kServers, AfterCut::kSurvives},
      {kReconnected, "cut-off", kServers, AfterCut::kSurvives},
      {kReclaimed, "cut-off", kServers, AfterCut::kSurvives},
      {kFailureBeforeCommit, "failed", kEveryEngine, AfterCut::kSurvives},
      {kFailureCommitted, "failed", kEveryEngine, AfterCut::kSurvives},
      {kRestartBeforeCommit, "restarted", kEveryEngine, AfterCut::kSurvives},
      {kRestartCommitted, "restarted", kEveryEngine, AfterCut::kSurvives},
      {kRequestBeforeCommit, "paused", kEveryEngine, AfterCut::kNext},
      {kRequestCommitted, "paused", kEveryEngine, AfterCut::kNext},
      {kRequestBeforeCommit, "cancelled", kEveryEngine, AfterCut::kNext},
      {kRequestCommitted, "cancelled", kEveryEngine, AfterCut::kNext},
      {kSettleBeforeCommit, "paused-for-the-dead", kEveryEngine, AfterCut::kNext},
      {kSettleCommitted, "paused-for-the-dead", kEveryEngine, AfterCut::kNext},
      {kSettleBeforeCommit, "cancelled-for-the-dead", kEveryEngine, AfterCut::kNext},
      {kSettleCommitted, "cancelled-for-the-dead", kEveryEngine, AfterCut::kNext},
      {kImagesRecorded, "keep", kEveryEngine, AfterCut::kSurvives},
      {kImagesMade, "keep", kEveryEngine, AfterCut::kSurvives},
      {kUndoBeginBeforeCommit, "undo", kEveryEngine, AfterCut::kNext},
      {kUndoBeginCommitted, "undo", kEveryEngine, AfterCut::kNext},
      {kUndoBatchBeforeCommit, "undo", kEveryEngine, AfterCut::kSurvives},
      {kUndoBatchCommitted, "undo", kEveryEngine, AfterCut::kSurvives},
      {kUndoEndBeforeCommit, "undo", kEveryEngine, AfterCut::kSurvives},
      {kUndoEndCommitted, "undo", kEveryEngine, AfterCut::kSurvives},
      {kImagesDropped, "discard", kEveryEngine, AfterCut::kNext},
      {kImagesForgotten, "discard", kEveryEngine, AfterCut::kNext},
      {kQueueBeforeCommit, "queue", kEveryEngine, AfterCut::kNext},
      {kQueueCommitted, "queue", kEveryEngine, AfterCut::kNext},
      {kDeployLockSought, "deploy", kEveryEngine, AfterCut::kNext},
      {kDeployLocked, "deploy", kEveryEngine, AfterCut::kNext},
      {kStatementBegins, "deploy", kEveryEngine, AfterCut::kNext},
      {kStatementExecuted, "deploy", kEveryEngine, AfterCut::kNext},
      {kApplyBeforeCommit, "deploy", kEveryEngine, AfterCut::kNext},
      {kApplyCommitted, "deploy", kEveryEngine, AfterCut::kNext},
      {kJournalOpened, "deploy", kEveryEngine, AfterCut::kNext},
      {kIntentWritten, "deploy", kEveryEngine, AfterCut::kNext},
      {kStatementActed, "deploy", kEveryEngine, AfterCut::kNext},
      {kStatementRecorded, "deploy", kEveryEngine, AfterCut::kNext},
      {kRecordBeforeCommit, "deploy", kEveryEngine, AfterCut::kNext},
      {kRecordCommitted, "deploy", kEveryEngine, AfterCut::kNext},
      {kRepeatableExecuted, "deploy", kEveryEngine, AfterCut::kNext},
      {kEffectSeen, "deploy-resumed", kServers, AfterCut::kNext},
      {kRemainsRemoved, "remains", "postgres", AfterCut::kNext},
      {kStatementBegins, "rollback", kEveryEngine, AfterCut::kNext},
      {kApplyBeforeCommit, "rollback", kEveryEngine, AfterCut::kNext},
      {kApplyCommitted, "rollback", kEveryEngine, AfterCut::kNext},
      {kJournalOpened, "rollback", kEveryEngine, AfterCut::kNext},
      {kIntentWritten, "rollback", kEveryEngine, AfterCut::kNext},
      {kStatementActed, "rollback", kEveryEngine, AfterCut::kNext},
      {kRollbackBeforeCommit, "rollback", kEveryEngine, AfterCut::kNext},
      {kRollbackCommitted, "rollback", kEveryEngine, AfterCut::kNext},
  };
  // clang-format on
  return kAll;
}

bool is_on(const Passage& passage, std::string_view engine) {
  return passage.engines.find(engine) != std::string_view::npos;
}

}  // namespace weir::crash
