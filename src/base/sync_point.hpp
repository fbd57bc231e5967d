// Named moments at which a crash, a lost connection or a pause matters. Tests act there; the program never does.
//
// In the program a sync point is one load of a null pointer. The code that kills, cuts and waits, and the names, stand
// in tests/crash/program: the crash suite links them to the same objects. A test may also set a hook of its own, for
// example to let one thread wait for another. Where each point is passed says tests/crash/sync_table.cpp.
// Thread-safe; a hook is called on the thread that passes the point.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string_view>

namespace weir {

// "before-commit": inside the transaction, when all else in it is done.
// clang-format off
#define WEIR_SYNC_POINTS(apply)                                                        \
  /* the ledger's tables */                                                            \
  apply(kLedgerTablesMade, "ledger-tables-made")             /* its version is not */  \
  apply(kLedgerMade, "ledger-made")                                                    \
  /* the run */                                                                        \
  apply(kRunBeforeCommit, "run-before-commit")               /* a new one */           \
  apply(kRunCommitted, "run-committed")                                                \
  apply(kQueueBeforeCommit, "queue-before-commit")           /* by a deploy */         \
  apply(kQueueCommitted, "queue-committed")                                            \
  apply(kRestartBeforeCommit, "restart-before-commit")       /* the old run ends */    \
  apply(kRestartCommitted, "restart-committed")                                        \
  apply(kImagesRecorded, "images-recorded")                  /* table not made yet */  \
  apply(kImagesMade, "images-made")                                                    \
  apply(kStartBeforeCommit, "start-before-commit")           /* to `running` */        \
  apply(kStartCommitted, "start-committed")                                            \
  apply(kSuccessBeforeCommit, "success-before-commit")                                 \
  apply(kSuccessCommitted, "success-committed")                                        \
  apply(kFailureBeforeCommit, "failure-before-commit")                                 \
  apply(kFailureCommitted, "failure-committed")                                        \
  /* what an operator wants */                                                         \
  apply(kRequestBeforeCommit, "request-before-commit")       /* pause, cancel ... */   \
  apply(kRequestCommitted, "request-committed")                                        \
  apply(kWorkersLeft, "workers-left")                        /* of this process */     \
  apply(kSettleBeforeCommit, "settle-before-commit")         /* paused, cancelled */   \
  apply(kSettleCommitted, "settle-committed")                                          \
  /* a pass */                                                                         \
  apply(kSlicesCut, "slices-cut")                                                      \
  apply(kPassBeforeCommit, "pass-before-commit")                                       \
  apply(kPassCommitted, "pass-committed")                                              \
  apply(kResidualMeasured, "residual-measured")                                        \
  apply(kResidualRecorded, "residual-recorded")                                        \
  apply(kPassRepeats, "pass-repeats")                                                  \
  apply(kRunVerified, "run-verified")                                                  \
  /* a slice and its lease */                                                          \
  apply(kClaimSought, "claim-sought")                                                  \
  apply(kClaimBeforeCommit, "claim-before-commit")                                     \
  apply(kClaimCommitted, "claim-committed")                                            \
  apply(kLeaseRenewing, "lease-renewing")                                              \
  apply(kLeaseRenewed, "lease-renewed")                                                \
  apply(kSplitWanted, "split-wanted")                        /* by an idle worker */   \
  apply(kSplitCut, "split-cut")                                                        \
  apply(kSplitBeforeCommit, "split-before-commit")                                     \
  apply(kSplitCommitted, "split-committed")                                            \
  apply(kSliceFinishing, "slice-finishing")                                            \
  apply(kSliceFinished, "slice-finished")                                              \
  apply(kSliceReleasing, "slice-releasing")                                            \
  apply(kSliceReleased, "slice-released")                                              \
  apply(kReconnected, "reconnected")                         /* lease not taken back */\
  apply(kReclaimed, "reclaimed")                                                       \
  /* a batch */                                                                        \
  apply(kBatchBegins, "batch-begins")                                                  \
  apply(kBatchSent, "batch-sent")                            /* answer not read */     \
  apply(kBatchBeforeCommit, "batch-before-commit")                                     \
  apply(kBatchCommitted, "batch-committed")                                            \
  apply(kBatchCounted, "batch-counted")                                                \
  apply(kFirstBatchBeforeCommit, "first-batch-before-commit")                          \
  apply(kFirstBatchCommitted, "first-batch-committed")                                 \
  apply(kBatchNarrowed, "batch-narrowed")                                              \
  apply(kQuarantineBeforeCommit, "quarantine-before-commit")                           \
  apply(kQuarantineCommitted, "quarantine-committed")                                  \
  apply(kRetryBeforeCommit, "retry-before-commit")           /* out of quarantine */   \
  apply(kRetryCommitted, "retry-committed")                                            \
  /* undo */                                                                           \
  apply(kUndoBeginBeforeCommit, "undo-begin-before-commit")                            \
  apply(kUndoBeginCommitted, "undo-begin-committed")                                   \
  apply(kUndoBatchBeforeCommit, "undo-batch-before-commit")                            \
  apply(kUndoBatchCommitted, "undo-batch-committed")                                   \
  apply(kUndoEndBeforeCommit, "undo-end-before-commit")                                \
  apply(kUndoEndCommitted, "undo-end-committed")                                       \
  apply(kImagesDropped, "images-dropped")                    /* still recorded */      \
  apply(kImagesForgotten, "images-forgotten")                                          \
  /* a deploy */                                                                       \
  apply(kDeployLockSought, "deploy-lock-sought")                                       \
  apply(kDeployLocked, "deploy-locked")                                                \
  apply(kStatementBegins, "statement-begins")                                          \
  apply(kStatementExecuted, "statement-executed")                                      \
  apply(kApplyBeforeCommit, "apply-before-commit")                                     \
  apply(kApplyCommitted, "apply-committed")                                            \
  apply(kJournalOpened, "journal-opened")                                              \
  apply(kIntentWritten, "intent-written")                                              \
  apply(kStatementActed, "statement-acted")                  /* not recorded yet */    \
  apply(kEffectSeen, "effect-seen")                          /* of one before */       \
  apply(kRemainsRemoved, "remains-removed")                                            \
  apply(kStatementRecorded, "statement-recorded")                                      \
  apply(kRecordBeforeCommit, "record-before-commit")         /* of the journal */      \
  apply(kRecordCommitted, "record-committed")                                          \
  apply(kRepeatableExecuted, "repeatable-executed")          /* not recorded yet */    \
  apply(kRollbackBeforeCommit, "rollback-before-commit")     /* the entry goes */      \
  apply(kRollbackCommitted, "rollback-committed")
// clang-format on

enum class SyncPoint {
#define WEIR_SYNC_POINT(enumerator, name) enumerator,
  WEIR_SYNC_POINTS(WEIR_SYNC_POINT)
#undef WEIR_SYNC_POINT
};

// In the order of SyncPoint.
inline constexpr auto kSyncPointNames = std::to_array<std::string_view>({
#define WEIR_SYNC_POINT(enumerator, name) name,
    WEIR_SYNC_POINTS(WEIR_SYNC_POINT)
#undef WEIR_SYNC_POINT
});

constexpr std::string_view to_string(SyncPoint point) { return kSyncPointNames[static_cast<std::size_t>(point)]; }

using SyncHook = void (*)(SyncPoint);
inline std::atomic<SyncHook> sync_hook{nullptr};

inline void sync_point(SyncPoint point) {
  if (const SyncHook hook = sync_hook.load(std::memory_order_acquire); hook != nullptr) [[unlikely]]
    hook(point);
}

}  // namespace weir
