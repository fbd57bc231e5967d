#include "base/error.hpp"

namespace weir {
namespace {

constexpr int kFailed = 1, kUsageExit = 2, kGateExit = 3, kLockExit = 5, kInterruptedExit = 6, kVerifyExit = 7;

struct CodeFacts {
  std::string_view name;
  int exit_code;
};

CodeFacts facts_of(Code code) {
  switch (code) {
    case Code::kUsage: return {"usage", kUsageExit};
    case Code::kConfig: return {"config", kUsageExit};
    case Code::kInvalidFile: return {"invalid-file", kUsageExit};
    case Code::kNotAvailable: return {"not-available", kUsageExit};
    case Code::kNotFound: return {"not-found", kUsageExit};
    case Code::kCannotConnect: return {"cannot-connect", kFailed};
    case Code::kConnectionLost: return {"connection-lost", kFailed};
    case Code::kLockTimeout: return {"lock-timeout", kLockExit};
    case Code::kDeadlock: return {"deadlock", kFailed};
    case Code::kSerialization: return {"serialization", kFailed};
    case Code::kBusy: return {"busy", kLockExit};
    case Code::kTimeout: return {"timeout", kFailed};
    case Code::kCancelled: return {"cancelled", kFailed};
    case Code::kConstraint: return {"constraint", kFailed};
    case Code::kDataError: return {"data-error", kFailed};
    case Code::kSqlSyntax: return {"sql-syntax", kFailed};
    case Code::kUndefinedObject: return {"undefined-object", kFailed};
    case Code::kAlreadyExists: return {"already-exists", kFailed};
    case Code::kPrivilege: return {"privilege", kFailed};
    case Code::kReadOnly: return {"read-only", kFailed};
    case Code::kDiskFull: return {"disk-full", kFailed};
    case Code::kDatabase: return {"database", kFailed};
    case Code::kLedgerTooNew: return {"ledger-too-new", kFailed};
    case Code::kLedgerTooOld: return {"ledger-too-old", kFailed};
    case Code::kLedgerCorrupt: return {"ledger-corrupt", kFailed};
    case Code::kDeployLockHeld: return {"deploy-lock-held", kLockExit};
    case Code::kRunHeld: return {"run-held", kLockExit};
    case Code::kRunFailed: return {"run-failed", kFailed};
    case Code::kLeaseLost: return {"lease-lost", kLockExit};
    case Code::kGateClosed: return {"gate-closed", kGateExit};
    case Code::kNotReversible: return {"not-reversible", kFailed};
    case Code::kNoUniqueKey: return {"no-unique-key", kFailed};
    case Code::kNullKey: return {"null-key", kFailed};
    case Code::kNotATable: return {"not-a-table", kFailed};
    case Code::kResidualDoesNotShrink: return {"residual-does-not-shrink", kFailed};
    case Code::kScansTable: return {"scans-table", kFailed};
    case Code::kRowProgram: return {"row-program", kFailed};
    case Code::kVerificationFailed: return {"verification-failed", kVerifyExit};
    case Code::kErrorBudget: return {"error-budget", kFailed};
    case Code::kQuarantined: return {"quarantined", kFailed};
    case Code::kDefinitionChanged: return {"definition-changed", kFailed};
    case Code::kOutOfOrder: return {"out-of-order", kFailed};
    case Code::kHalfUndone: return {"half-undone", kFailed};
    case Code::kInDoubt: return {"in-doubt", kFailed};
    case Code::kIllegalTransition: return {"illegal-transition", kFailed};
    case Code::kInterrupted: return {"interrupted", kInterruptedExit};
    case Code::kInternal: return {"internal", kFailed};
  }
  return {"internal", kFailed};
}

}  // namespace

std::string_view to_string(Code code) { return facts_of(code).name; }
int exit_code(Code code) { return facts_of(code).exit_code; }

}  // namespace weir
