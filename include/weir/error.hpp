// The one error type of weir, born with its facts: a stable code, what to do next, the database's own code, the place
// in the user's file and a hint. What is expected (a closed gate in a deploy, a violation count, a run that was paused)
// is a value, never an Error.
//
// Every call of the library that fails throws it, and nothing else but std::bad_alloc and what your own observers and
// row programs throw. Neither message nor hint holds a password or a bound value: they may be logged.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <weir/export.hpp>

namespace weir {

// What went wrong, as scripts see it (`error.code` in JSON). to_string() has the stable spelling; never renamed.
enum class Code {
  kUsage,                  // wrong command line
  kConfig,                 // weir.toml, .env or a URL cannot be used
  kInvalidFile,            // a migration file breaks the format
  kNotAvailable,           // known to the design, not in this version yet
  kNotFound,               // a migration, table or file that was named does not exist
  kCannotConnect,          // the server or file could not be opened
  kConnectionLost,         // the connection died; whether the last COMMIT happened is unknown
  kLockTimeout,            // a lock was not granted within lock_timeout
  kDeadlock,               // the server chose this transaction as a victim
  kSerialization,          // a serialization failure: the same work may succeed when repeated
  kBusy,                   // SQLite: another process is writing
  kTimeout,                // statement timeout
  kCancelled,              // a statement was cancelled
  kConstraint,             // a constraint of the user's schema was violated
  kDataError,              // a value could not be converted or is out of range
  kSqlSyntax,              // the server could not parse a statement
  kUndefinedObject,        // table, column or function does not exist
  kAlreadyExists,          // object exists already
  kPrivilege,              // permission denied
  kReadOnly,               // the database cannot be written
  kDiskFull,               // no space left where the database lives
  kDatabase,               // any other error of the database
  kLedgerTooNew,           // the ledger was written by a newer weir
  kLedgerTooOld,           // the ledger was written by an older weir and cannot be upgraded here
  kLedgerCorrupt,          // the ledger contradicts itself
  kDeployLockHeld,         // another deployer holds the lock
  kRunHeld,                // another live process executes this run
  kRunFailed,              // a worker of another process failed
  kLeaseLost,              // another worker took the slice over; nothing was committed
  kGateClosed,             // what the migration requires is not complete
  kNotReversible,          // no `migrate:down`
  kNoUniqueKey,            // the table has no unique key to page by
  kNullKey,                // key columns contain NULLs
  kNotATable,              // `over` names a view or another kind of object
  kResidualDoesNotShrink,  // the change does not make `where` false
  kScansTable,             // every batch would read the whole table
  kRowProgram,             // the answers of a row program do not fit its rows
  kVerificationFailed,     // `migrate:verify` counts violations
  kErrorBudget,            // more rows failed than `on_error: quarantine` allows
  kQuarantined,            // rows are left in quarantine
  kDefinitionChanged,      // the file changed since the run began
  kOutOfOrder,             // older than what is applied, and weir.toml refuses that
  kHalfUndone,             // a rollback without transaction was not completed
  kInDoubt,                // whether a statement was executed cannot be found out
  kIllegalTransition,      // a state that may not follow the present one
  kInterrupted,            // Ctrl-C or SIGTERM
  kInternal,               // a defect of weir
};
WEIR_API std::string_view to_string(Code code);

// What the catcher may do about it. weir itself has tried that before the error comes out of the library, a dozen times
// or within `lock_budget`; a program that waits longer, and then calls again, repeats nothing that was done.
enum class Next {
  kFail,       // nothing: tell the user
  kRetry,      // roll back and repeat the transaction after a pause
  kReconnect,  // open a new connection, look what happened, then go on
};

// A place in a user's file. Lines and columns count from 1; columns count bytes as the file stores them.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  std::string line_text;  // the line itself, for the caret; may be empty
};

// What the database said about an error.
struct DatabaseFacts {
  std::string sqlstate;    // five characters; empty where the engine has none
  int number = 0;          // the engine's own number (SQLite extended result code); 0 when there is none
  std::string constraint;  // name of the violated constraint, if known
};

class WEIR_API Error : public std::runtime_error {
 public:
  Error(Code code, std::string message) : std::runtime_error(message), code_(code), message_(std::move(message)) {}

  // Facts are added while it is born: `throw Error(code, message).hint(...).at(...)`.
  Error&& hint(std::string text) && {
    hint_ = std::move(text);
    return std::move(*this);
  }
  Error&& at(Place place) && {
    place_ = std::move(place);
    return std::move(*this);
  }
  Error&& next(Next next) && {
    next_ = next;
    return std::move(*this);
  }
  Error&& facts(DatabaseFacts facts) && {
    facts_ = std::move(facts);
    return std::move(*this);
  }
  // Byte offset in the SQL text that was sent, where the server names one; the caller maps it to a Place.
  Error&& sql_offset(std::size_t offset) && {
    sql_offset_ = offset;
    return std::move(*this);
  }
  // Puts words before the message: what weir was doing.
  Error&& context(std::string_view words) && {
    message_ = std::string(words) + ": " + message_;
    return std::move(*this);
  }

  Code code() const { return code_; }  // for programs: to_string(code())
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }  // what to do about it; may be empty
  const std::optional<Place>& place() const { return place_; }
  Next next() const { return next_; }
  const DatabaseFacts& facts() const { return facts_; }
  std::optional<std::size_t> sql_offset() const { return sql_offset_; }
  bool is_transient() const { return next_ != Next::kFail; }
  // It lies in what a row holds: another row may do.
  bool is_of_data() const { return code_ == Code::kDataError || code_ == Code::kConstraint; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Code code_;
  std::string message_;
  std::string hint_;
  std::optional<Place> place_;
  Next next_ = Next::kFail;
  DatabaseFacts facts_;
  std::optional<std::size_t> sql_offset_;
};

}  // namespace weir
