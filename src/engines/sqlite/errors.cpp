#include "engines/sqlite/errors.hpp"

#include <string_view>

namespace weir::engines::sqlite {
namespace {

struct Meaning {
  Code code;
  Next next;
  std::string_view hint;
};

// SQLITE_ERROR covers everything that is wrong with a statement; only the message tells what.
Meaning meaning_of_message(std::string_view message) {
  const auto has = [&](std::string_view part) { return message.find(part) != std::string_view::npos; };
  if (has("syntax error") || has("incomplete input") || has("unrecognized token"))
    return {Code::kSqlSyntax, Next::kFail, ""};
  if (has("no such")) return {Code::kUndefinedObject, Next::kFail, ""};
  if (has("already exists") || has("duplicate column name")) return {Code::kAlreadyExists, Next::kFail, ""};
  if (has("malformed JSON") || has("integer overflow")) return {Code::kDataError, Next::kFail, ""};
  return {Code::kDatabase, Next::kFail, ""};
}

Meaning meaning_of(int code, std::string_view message) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {Code::kBusy, Next::kRetry, "another process is writing to this database"};
    case SQLITE_INTERRUPT: return {Code::kCancelled, Next::kFail, ""};
    case SQLITE_FULL:
      return {Code::kDiskFull, Next::kFail, "free space on the disk of the database; then run the same command again"};
    case SQLITE_READONLY: return {Code::kReadOnly, Next::kFail, "the file or its folder is not writable for this user"};
    case SQLITE_PERM:
    case SQLITE_AUTH: return {Code::kPrivilege, Next::kFail, ""};
    case SQLITE_CANTOPEN:
      return {Code::kCannotConnect, Next::kFail, "does the folder exist, and may this user write in it?"};
    case SQLITE_NOTADB: return {Code::kCannotConnect, Next::kFail, "the file is not an SQLite database"};
    case SQLITE_CONSTRAINT: return {Code::kConstraint, Next::kFail, ""};
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return {Code::kDataError, Next::kFail, ""};
    case SQLITE_ERROR: return meaning_of_message(message);
    default: return {Code::kDatabase, Next::kFail, ""};
  }
}

}  // namespace

Error make_error(sqlite3* database) {
  const int code = sqlite3_extended_errcode(database);
  const std::string message = sqlite3_errmsg(database);
  const Meaning meaning = meaning_of(code, message);
  const int offset = sqlite3_error_offset(database);
  Error error = Error(meaning.code, message).next(meaning.next).hint(std::string(meaning.hint)).facts({"", code, ""});
  return offset < 0 ? std::move(error) : std::move(error).sql_offset(static_cast<std::size_t>(offset));
}

}  // namespace weir::engines::sqlite
